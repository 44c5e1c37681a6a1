"""nginx and Varnish as the CDN of a gateway, with the configurations that docs/cdn.md shows."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import httpx
import pytest

from resizer.urls.dialects import DIALECTS
from tests.support.deadlines import MAX_WAIT
from tests.support.live import Gateway
from tests.support.root import ROOT
from tests.support.servers import free_port

CONFIGURATIONS = ROOT / "docs/cdn"
REQUIRED = os.environ.get("REQUIRE_FRONTS") == "1"
PACKAGES = {"nginx": "nginx-light libnginx-mod-http-cache-purge", "varnishd": "varnish"}
_MAIN = """
daemon off;
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/log;
load_module {purge};
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/resizer.conf;
}}
"""


class Front:
    """A server in front of a gateway: a process of its own."""

    def __init__(self, gateway: Gateway, directory: Path) -> None:
        self.gateway = gateway
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Write the configuration; what to run with it."""
        raise NotImplementedError

    def empty(self) -> None:
        """Forget everything that is cached."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        command = self.command()
        with (self.directory / "output").open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            self._await_port()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(MAX_WAIT)

    def ask(
        self, path: str, method: str = "GET", address: str = "127.0.0.1", **headers: str
    ) -> httpx.Response:
        """The reply to a path, which is sent as it stands, from a loopback address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        target = {"target": path.encode()}
        transport = httpx.HTTPTransport(verify=False, local_address=address)
        with httpx.Client(transport=transport, timeout=MAX_WAIT) as client:
            request = httpx.Request(method, self.url, headers=named, extensions=target)
            return client.send(request)

    def _await_port(self) -> None:
        deadline = time.monotonic() + MAX_WAIT
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError(f"it does not run:\n{(self.directory / 'output').read_text()}")


class Nginx(Front):
    """docs/cdn/nginx.conf, included as Debian includes what is in /etc/nginx/conf.d."""

    def command(self) -> list[str]:
        text = (CONFIGURATIONS / "nginx.conf").read_text()
        text = _replaced(text, "listen 80;", f"listen 127.0.0.1:{self.port};")
        text = _replaced(text, "127.0.0.1:8080", f"127.0.0.1:{self.gateway.port}")
        text = _replaced(text, "/var/cache/nginx/images", f"{self.directory}/images")
        (self.directory / "resizer.conf").write_text(text)
        user = "user root root;" if os.geteuid() == 0 else ""
        main = _MAIN.format(user=user, directory=self.directory, purge=purge_module())
        (self.directory / "nginx.conf").write_text(main)
        return ["nginx", "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")]

    def empty(self) -> None:
        """A file that is gone is a miss, though its key is still in nginx's memory."""
        for file in (self.directory / "images").rglob("*"):
            if file.is_file():
                file.unlink()


class Varnish(Front):
    """docs/cdn/varnish.vcl."""

    def command(self) -> list[str]:
        text = (CONFIGURATIONS / "varnish.vcl").read_text()
        text = _replaced(text, '.port = "8080";', f'.port = "{self.gateway.port}";')
        (self.directory / "default.vcl").write_text(text)
        return [
            *("varnishd", "-F", "-j", "none", "-n", str(self.directory / "work")),
            *("-a", f"127.0.0.1:{self.port}", "-f", str(self.directory / "default.vcl")),
            *("-s", "default,64m"),
        ]

    def empty(self) -> None:
        self.admin("ban", "obj.status", "!=", "0")

    def admin(self, *command: str) -> str:
        """What `varnishadm` prints."""
        work = str(self.directory / "work")
        done = subprocess.run(
            ["varnishadm", "-n", work, *command], capture_output=True, text=True, check=True
        )
        return done.stdout


class Requests:
    """What a gateway was asked for, read from its access log."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._read = 0
        self.new()

    def new(self) -> list[dict[str, object]]:
        """The image requests answered since the last call, in their order."""
        mark = f"/mark/{secrets.token_hex(8)}"
        self._gateway.get(mark)
        deadline = time.monotonic() + MAX_WAIT
        while mark not in self._gateway.log.read_text():
            assert time.monotonic() < deadline, "the access log is not written"
            time.sleep(0.01)
        entries = self._gateway.entries()[self._read :]
        self._read += len(entries)
        return [
            entry for entry in entries if str(entry.get("path", "")).startswith(DIALECTS.prefixes)
        ]


def need_fronts() -> None:
    """Skip where nginx, its purge module or Varnish is missing, unless the run demands them."""
    missing = [PACKAGES[program] for program in PACKAGES if not shutil.which(program)]
    if not missing and not purge_module().exists():
        missing = [PACKAGES["nginx"]]
    if not missing:
        return
    reason = f"no CDN to put in front (Debian packages: {' '.join(missing)})"
    if REQUIRED:
        pytest.fail(f"REQUIRE_FRONTS=1, and {reason}")
    pytest.skip(reason)


def purge_module() -> Path:
    """Where this nginx looks for the module that purges."""
    output = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"--modules-path=(\S+)", output)
    assert found, output
    return Path(found[1]) / "ngx_http_cache_purge_module.so"


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"the configuration has {old} not once"
    return text.replace(old, new)
