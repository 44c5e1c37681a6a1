"""The kinds of addresses for originals and results: a new one is a line here."""

from resizer.storage.address import FROM_ENVIRONMENT, Address, Servers
from resizer.storage.directory.address import DirectoryAddress
from resizer.storage.s3.address import S3Address

KINDS: tuple[type[Address], ...] = (S3Address, DirectoryAddress)


def read_address(text: str, servers: Servers = FROM_ENVIRONMENT) -> Address:
    """`s3://bucket[/prefix]`, a directory, or its `file://` URL. Raises ValueError."""
    for kind in KINDS:
        if address := kind.read(text, servers):
            return address
    raise ValueError(f"must be {' or '.join(kind.form for kind in KINDS)}")
