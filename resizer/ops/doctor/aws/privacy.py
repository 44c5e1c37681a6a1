"""Privacy: the public gets nothing from the bucket but through the gateway."""

import asyncio
from collections.abc import Awaitable

from resizer.ops.doctor.aws.client import AwsAnswer, BucketClients, ask
from resizer.ops.doctor.aws.reading import Sample
from resizer.ops.doctor.finding import Finding, fail, ok, warn
from resizer.storage.address import PROBE

READ = "anonymous read"
LIST = "anonymous list"
BLOCK = "public access block"
POLICY = "bucket policy"
ACL = "bucket ACL"
_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_EVERYBODY = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)


async def check_anonymous(clients: BucketClients, sample: Awaitable[Sample]) -> list[Finding]:
    found = await sample
    bucket, name = clients.address.name, found.object or clients.address.object_of(PROBE)
    reading, listing = await asyncio.gather(
        ask(clients.nobody.get_object, Bucket=bucket, Key=name, Range="bytes=0-0"),
        ask(clients.nobody.list_objects_v2, Bucket=bucket, MaxKeys=1),
    )
    return [judge_read(reading, found.object is not None), judge_list(listing)]


async def check_setup(clients: BucketClients) -> list[Finding]:
    """How the bucket is set up, as far as the credentials may read it."""
    bucket, auditor = clients.address.name, clients.auditor
    block, policy, acl = await asyncio.gather(
        ask(auditor.get_public_access_block, Bucket=bucket),
        ask(auditor.get_bucket_policy_status, Bucket=bucket),
        ask(auditor.get_bucket_acl, Bucket=bucket),
    )
    return [judge_block(block), judge_policy(policy), judge_acl(acl)]


def judge_read(answer: AwsAnswer, known: bool) -> Finding:
    """An unsigned GET; `known` unless of an object that need not exist."""
    if answer.done or answer.status == 416:
        return fail(READ, "Anybody can read originals past the gateway: make the bucket private.")
    if not answer.refused and answer.code != "NoSuchKey":
        return warn(READ, f"Whether it is refused could not be told ({answer.code}).")
    if not known:  # 403 stands for a missing object too, and 404 only says that listing is allowed
        return warn(READ, "No object is known to try it on: name one with --key.")
    return ok(READ, "Refused.")


def judge_list(answer: AwsAnswer) -> Finding:
    if answer.done:
        return fail(LIST, "Anybody can list the bucket: make it private.")
    if answer.refused:
        return ok(LIST, "Refused.")
    return warn(LIST, f"Whether it is refused could not be told ({answer.code}).")


def judge_block(answer: AwsAnswer) -> Finding:
    """GetPublicAccessBlock."""
    block = answer.data.get("PublicAccessBlockConfiguration", {})
    off = [flag for flag in _FLAGS if not block.get(flag)]
    if answer.done and not off:
        return ok(BLOCK, "On.")
    if answer.done:
        return fail(BLOCK, f"{', '.join(off)} off: `aws s3api put-public-access-block` sets them.")
    if answer.code == "NoSuchPublicAccessBlockConfiguration":
        return fail(BLOCK, "Off: `aws s3api put-public-access-block` sets all four of its flags.")
    return _unknown(BLOCK, answer, "s3:GetBucketPublicAccessBlock")


def judge_policy(answer: AwsAnswer) -> Finding:
    """GetBucketPolicyStatus."""
    if answer.done and answer.data.get("PolicyStatus", {}).get("IsPublic"):
        return fail(POLICY, "It makes the bucket public: take its `Principal: *` statements out.")
    if answer.done or answer.code == "NoSuchBucketPolicy":
        return ok(POLICY, "It makes nothing public.")
    return _unknown(POLICY, answer, "s3:GetBucketPolicyStatus")


def judge_acl(answer: AwsAnswer) -> Finding:
    """GetBucketAcl."""
    grants = answer.data.get("Grants", ())
    if any(grant.get("Grantee", {}).get("URI") in _EVERYBODY for grant in grants):
        return fail(
            ACL, "It grants something to everybody: `aws s3api put-bucket-acl --acl private`."
        )
    if answer.done:
        return ok(ACL, "It grants nothing to everybody.")
    return _unknown(ACL, answer, "s3:GetBucketAcl")


def _unknown(what: str, answer: AwsAnswer, action: str) -> Finding:
    if answer.refused:
        return warn(
            what,
            f"These credentials may not read it, nor need they to serve: name a profile that has"
            f" {action} with --audit-profile.",
        )
    if answer.unsupported:
        return warn(
            what, "This server has no such question: look there how it keeps buckets private."
        )
    return warn(what, f"It could not be asked for ({answer.code}).")
