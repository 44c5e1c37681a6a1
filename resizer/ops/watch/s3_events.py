"""What a bucket says of itself: the text of a message → which objects changed.

    keys = keys_of(read_message(body), S3Address("my-bucket", "photos"))

Pure text; the queue that messages come by is in `resizer.ops.watch`.
"""

from resizer.ops.watch.message import Change, Poison, keys_of, read_message

__all__ = ["Change", "Poison", "keys_of", "read_message"]
