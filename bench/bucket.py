"""A bucket: nginx on the object paths, so cheap that it is not what is measured.

The gateway reads it by S3's protocol, path style (signed GETs, entity tags, conditions); peers read
the same objects over plain HTTP.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.servers import await_answer, running

PORT = 18_401
NAME = "originals"
_NGINX = """
worker_processes 2; daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    default_type application/octet-stream;
    types {{ image/jpeg jpeg jpg; image/png png; image/webp webp; image/avif avif; }}
    client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
    uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
    server {{
        listen 127.0.0.1:{port}; root {home};
        error_page 404 = @missing;
        location @missing {{
            default_type application/xml; return 404 '<Error><Code>NoSuchKey</Code></Error>';
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A folder of objects, and where they are answered."""

    folder: Path
    endpoint: str

    def url(self, key: str) -> str:
        return f"{self.endpoint}/{NAME}/{key}"

    def settings(self) -> dict[str, str]:
        """What makes a gateway read it."""
        return {
            "RESIZER_SOURCE": f"s3://{NAME}",
            "RESIZER_S3_ENDPOINT": self.endpoint,
            "RESIZER_S3_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "anything",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def bucket(home: Path, port: int = PORT) -> Iterator[Bucket]:
    """An empty one; whoever writes below its folder has an object there."""
    folder = home / NAME
    folder.mkdir(exist_ok=True)
    os.chmod(home, 0o755)  # nginx' workers are another user's
    configuration = home / "bucket.conf"
    configuration.write_text(_NGINX.format(home=home, port=port))
    with running(["nginx", "-c", str(configuration)], {}, 2):
        yield Bucket(folder, await_answer(f"http://127.0.0.1:{port}"))
