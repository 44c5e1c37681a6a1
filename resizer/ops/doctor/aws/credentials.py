"""Credentials: no wider than serving needs, which is to read one prefix.

Nothing here can change anything: what asks for more than reading names an upload that does not
exist, so that S3 has only two answers, and both leave everything as it is.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from resizer.ops.doctor.aws.client import AwsAnswer, BucketClients, ask
from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.storage.address import PROBE

IDENTITY = "credentials"
OTHERS = "other buckets"
SETUP = "bucket settings"
WRITING = "writing"
OUTSIDE = "outside the prefix"
_WRITING = ("s3:PutObject", "s3:DeleteObject")
_NO_UPLOAD = "resizer-doctor-names-no-upload"


async def check_credentials(clients: BucketClients) -> list[Finding]:
    parts = [_identity(clients), _buckets(clients), _setup(clients), _writing(clients)]
    if clients.address.prefix:
        parts.append(_outside(clients))
    return [finding for findings in await asyncio.gather(*parts) for finding in findings]


async def _identity(clients: BucketClients) -> list[Finding]:
    if clients.identity is None:
        return []
    answer = await ask(clients.identity.get_caller_identity)
    return [judge_identity(answer), *await _simulated(clients, answer.data.get("Arn", ""))]


async def _simulated(clients: BucketClients, arn: str) -> list[Finding]:
    """What IAM says of writing, where somebody may ask it."""
    partition = arn.split(":")[1] if arn else "aws"
    answer = await ask(
        clients.policies.simulate_principal_policy,
        PolicySourceArn=principal(arn),
        ActionNames=list(_WRITING),
        ResourceArns=[
            f"arn:{partition}:s3:::{clients.address.name}/{clients.address.object_of('*')}"
        ],
    )
    return judge_simulation(answer.data) if answer.done else []


async def _buckets(clients: BucketClients) -> list[Finding]:
    return [judge_excess(OTHERS, await ask(clients.own.list_buckets), "s3:ListAllMyBuckets")]


async def _setup(clients: BucketClients) -> list[Finding]:
    policy, acl = await asyncio.gather(
        ask(clients.own.get_bucket_policy, Bucket=clients.address.name),
        ask(clients.own.get_bucket_acl, Bucket=clients.address.name),
    )
    wide = next((answer for answer in (policy, acl) if _permitted(answer)), policy)
    return [judge_excess(SETUP, wide, "s3:GetBucketPolicy and s3:GetBucketAcl")]


async def _writing(clients: BucketClients) -> list[Finding]:
    answer = await ask(
        clients.own.upload_part,
        Bucket=clients.address.name,
        Key=clients.address.object_of(PROBE),
        UploadId=_NO_UPLOAD,
        PartNumber=1,
        Body=b"",
    )
    return [judge_writing(answer)]


async def _outside(clients: BucketClients) -> list[Finding]:
    bucket = clients.address.name
    listing, probe = await asyncio.gather(
        ask(clients.own.list_objects_v2, Bucket=bucket),
        ask(clients.own.get_object, Bucket=bucket, Key=PROBE, Range="bytes=0-0"),
    )
    listed = [one["Key"] for one in listing.data.get("Contents", ())]
    found = next((name for name in listed if not name.startswith(clients.address.below)), None)
    if found is not None:
        probe = await ask(clients.own.get_object, Bucket=bucket, Key=found, Range="bytes=0-0")
    return [judge_outside(listing, probe)]


def principal(arn: str) -> str:
    """Who IAM is to be asked about: a session of a role is no principal, its role is."""
    head, _, rest = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}" if rest else arn


def judge_identity(answer: AwsAnswer) -> Finding:
    """GetCallerIdentity."""
    arn = str(answer.data.get("Arn", ""))
    if arn.endswith(":root"):
        return fail(IDENTITY, "They are the account's root user: make a role that may only read.")
    if ":user/" in arn:
        return warn(IDENTITY, "They are a user's key, which never expires: prefer a role.")
    if answer.done:
        return ok(IDENTITY, "They are a role's, and expire.")
    return warn(IDENTITY, f"Whose they are could not be told ({answer.code}).")


def judge_simulation(data: Mapping[str, Any]) -> list[Finding]:
    """SimulatePrincipalPolicy of what writes."""
    results = data.get("EvaluationResults", ())
    allowed = [r["EvalActionName"] for r in results if r["EvalDecision"] == "allowed"]
    if not allowed:
        return []
    return [warn(WRITING, f"IAM allows {' and '.join(allowed)}: take that from the gateway.")]


def judge_excess(what: str, answer: AwsAnswer, action: str) -> Finding:
    """A question that serving never asks."""
    if _permitted(answer):
        return warn(what, f"The credentials reach further than serving needs: take {action} away.")
    if answer.refused or answer.unsupported:
        return ok(what, "Not within reach.")
    return warn(what, f"Whether they are within reach could not be told ({answer.code}).")


def judge_writing(answer: AwsAnswer) -> Finding:
    """UploadPart to an upload that does not exist."""
    if answer.code == "NoSuchUpload" or answer.done:
        return warn(WRITING, "The credentials may write originals: take s3:PutObject away.")
    if answer.refused:
        return ok(WRITING, "Refused.")
    return warn(WRITING, f"Whether it is refused could not be told ({answer.code or 'done'}).")


def judge_outside(listing: AwsAnswer, probe: AwsAnswer) -> Finding:
    """A listing of the whole bucket, and a GET of an object outside the prefix."""
    if probe.done or probe.status == 416 or probe.code == "NoSuchKey":
        says = "The credentials read the whole bucket: narrow s3:GetObject to the prefix."
        return warn(OUTSIDE, says)
    if listing.done:
        says = "The credentials list the whole bucket: narrow s3:ListBucket by s3:prefix."
        return warn(OUTSIDE, says)
    if probe.refused:
        return ok(OUTSIDE, "Refused.")
    return warn(OUTSIDE, f"Whether it is refused could not be told ({probe.code}).")


def _permitted(answer: AwsAnswer) -> bool:
    return answer.done or answer.code == "NoSuchBucketPolicy"
