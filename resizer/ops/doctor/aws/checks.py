"""What there is to check of a bucket: of originals, or of results."""

import asyncio
from asyncio import shield
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial

from resizer.ops.doctor.aws.client import BucketClients, open_clients
from resizer.ops.doctor.aws.credentials import check_credentials
from resizer.ops.doctor.aws.privacy import check_anonymous, check_setup
from resizer.ops.doctor.aws.reading import Sample, check_bucket, find_sample
from resizer.ops.doctor.clock import check_source_clock
from resizer.ops.doctor.finding import Check, Finding, fail, known
from resizer.storage.s3.address import S3Address


async def checks_of_source(
    address: S3Address, key: str | None, audit_profile: str | None
) -> list[Check]:
    """For a bucket of originals. `key` is one to try, else one that is listed."""
    try:
        clients = await asyncio.to_thread(open_clients, address, audit_profile)
    except Exception as error:
        says = f"No client of S3 can be made ({type(error).__name__}): check the AWS settings."
        return [known(fail("source", says))]
    sample = asyncio.create_task(find_sample(clients, key))
    return [
        Check("source", partial(check_bucket, clients, shield(sample))),
        Check("anonymous access", partial(check_anonymous, clients, shield(sample))),
        Check("bucket settings", partial(check_setup, clients)),
        Check("credentials", partial(check_credentials, clients)),
        Check("clock of the bucket", partial(check_source_clock, shield(sample))),
    ]


async def checks_of_results(address: S3Address) -> list[Check]:
    """For a bucket of variants: each is its original, smaller, and as private as that."""
    try:
        clients = await asyncio.to_thread(open_clients, address, None)
    except Exception:
        return []  # said of the results themselves, whose clients are made in the same way
    sample = asyncio.create_task(find_sample(clients, None))
    return [Check("results anonymous access", partial(_check_results_are_private, clients, sample))]


async def _check_results_are_private(
    clients: BucketClients, sample: Awaitable[Sample]
) -> list[Finding]:
    found = await check_anonymous(clients, sample)
    return [replace(finding, what=f"results {finding.what}") for finding in found]
