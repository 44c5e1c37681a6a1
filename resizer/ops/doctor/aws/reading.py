"""Whether originals can be read from a bucket, and whether it can be listed."""

from collections.abc import Awaitable
from dataclasses import dataclass

from resizer.ops.doctor.aws.client import AwsAnswer, BucketClients, ask
from resizer.ops.doctor.finding import NO_ORIGINAL, READING, Finding, fail, ok, warn
from resizer.storage.address import PROBE

LISTING = "source listing"


@dataclass(frozen=True, slots=True)
class Sample:
    """What a listing of the source said, and one object that there is."""

    listing: AwsAnswer
    object: str | None
    """Its whole name; None when none is known."""


async def find_sample(clients: BucketClients, key: str | None) -> Sample:
    """The object of `key`, else the first one listed that is no folder's marker."""
    listing = await ask(
        clients.own.list_objects_v2, Bucket=clients.address.name, Prefix=clients.address.below
    )
    listed = [one["Key"] for one in listing.data.get("Contents", ())]
    found = next((name for name in listed if not name.endswith("/")), None)
    return Sample(listing, clients.address.object_of(key) if key else found)


async def check_bucket(clients: BucketClients, sample: Awaitable[Sample]) -> list[Finding]:
    found = await sample
    name = found.object or clients.address.object_of(PROBE)
    answer = await ask(
        clients.own.get_object, Bucket=clients.address.name, Key=name, Range="bytes=0-0"
    )
    return [judge_reading(answer, found.object is not None), judge_listing(found.listing)]


def judge_reading(answer: AwsAnswer, known: bool) -> Finding:
    """A GET with the gateway's credentials; `known` unless of an object that need not exist."""
    if answer.done or answer.status == 416:
        return ok(READING, "Originals can be read.")
    if answer.code == "NoSuchKey" and known:
        return fail(READING, f"The bucket answers, but {NO_ORIGINAL}")
    if answer.code == "NoSuchKey":
        return ok(READING, "The bucket answers, and holds nothing below this prefix yet.")
    if answer.refused and known:
        return fail(READING, "Reading is refused: grant s3:GetObject on the source's prefix.")
    if answer.refused:
        return warn(
            READING,
            "The bucket answers, but whether it lets originals be read cannot be told without"
            " s3:ListBucket: name one with --key.",
        )
    return fail(READING, f"The bucket cannot be read ({answer.code}): {_remedy(answer)}.")


def judge_listing(answer: AwsAnswer) -> Finding:
    if answer.done:
        return ok(LISTING, "Keys can be listed, so a missing one is a plain 404 from the bucket.")
    if answer.refused:
        return ok(
            LISTING,
            "Keys cannot be listed, which serving does not need: the bucket answers 403 for a"
            " missing one, the gateway 404; `resizer warm` needs --keys.",
        )
    return warn(LISTING, f"Whether keys can be listed could not be told ({answer.code}).")


def _remedy(answer: AwsAnswer) -> str:
    remedies = {
        "NoSuchBucket": "check RESIZER_SOURCE",
        "PermanentRedirect": "set RESIZER_S3_REGION to the bucket's region",
        "AuthorizationHeaderMalformed": "set RESIZER_S3_REGION to the bucket's region",
        "RequestTimeTooSkewed": "set this machine's clock",
        "NoCredentialsError": "give the gateway credentials",
        "InvalidAccessKeyId": "give the gateway credentials that are valid",
        "SignatureDoesNotMatch": "check the secret of the access key",
        "ExpiredToken": "renew the credentials",
    }
    return remedies.get(answer.code, "check RESIZER_SOURCE, RESIZER_S3_ENDPOINT and the network")
