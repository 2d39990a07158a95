"""Real proxies in front of an application, with the configurations that the documentation shows."""

import os
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import trustme

from treadle_testing import unused_port

__all__ = ["CLIENT", "NAME", "STARTS", "Certificate", "Proxy", "block", "fill"]

DOCS: Final = Path(__file__).resolve().parents[2] / "packages/treadle/docs/deployment"
#: The client, so that it is not the proxy: the whole of 127.0.0.0/8 is this machine.
CLIENT: Final = "127.0.0.2"
NAME: Final = "www.example.com"

_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def find(program: str) -> str:
    """Return the path of a proxy; skips the test without one."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
    found = shutil.which(program, path=path)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def block(page: str, number: int = 0) -> str:
    """Return a block of a page, in the language of the page's name."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return [found[2] for found in _BLOCK.finditer(text) if found[1] == page][number]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace ports and paths of a page; each must be there."""
    for old, new in values.items():
        assert old in text, f"{old!r} is no longer in the page"
        text = text.replace(old, new)
    return text


class Certificate:
    """A certificate for ``NAME``, and a context of a client that knows its authority."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self._issued = authority.issue_cert(NAME)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)
        self.chain = folder / "cert.pem"
        self.key = folder / "key.pem"
        self.both = folder / "both.pem"
        self.chain.write_bytes(b"".join(pem.bytes() for pem in self._issued.cert_chain_pems))
        self.key.write_bytes(self._issued.private_key_pem.bytes())
        self.both.write_bytes(self.key.read_bytes() + self.chain.read_bytes())

    def server(self) -> ssl.SSLContext:
        """Return the context of a server."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._issued.configure_cert(context)
        return context


class Proxy:
    """A proxy that runs; its two ports are those of HTTP and of HTTPS."""

    def __init__(self, name: str, folder: Path, certificate: Certificate) -> None:
        self.name = name
        self.folder = folder
        self.certificate = certificate
        self.plain, self.tls = unused_port(), unused_port()
        self.pid = folder / "proxy.pid"

    def run(self, *command: str) -> None:
        """Start it; the command returns when it listens, and leaves a process behind."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr

    def stop(self) -> None:
        """End the process, if it was started."""
        if self.pid.exists():
            for pid in self.pid.read_text().split():
                os.kill(int(pid), signal.SIGTERM)


def nginx(proxy: Proxy, upstream: str, text: str | None = None) -> None:
    """Start nginx with its page's configuration in front of ``upstream``."""
    program, folder = find("nginx"), proxy.folder
    site = fill(
        text or block("nginx"),
        {
            "server 127.0.0.1:8080;": f"server {upstream};",
            "listen 80;": f"listen 127.0.0.1:{proxy.plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{proxy.tls} ssl;",
            "/etc/ssl/www.example.com.crt": str(proxy.certificate.chain),
            "/etc/ssl/www.example.com.key": str(proxy.certificate.key),
        },
    )
    user = "user root root;" if os.geteuid() == 0 else ""
    folders = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # One worker, so that there is one pool of connections to look at.
    main = (
        f"{user} worker_processes 1; pid {proxy.pid}; error_log {folder}/error.log;"
        f"events {{}} http {{ access_log off; {folders}\n{site}\n}}\n"
    )
    (folder / "nginx.conf").write_text(main)
    error_log = f"{folder}/error.log"
    proxy.run(program, "-p", str(folder), "-e", error_log, "-c", str(folder / "nginx.conf"))


def haproxy(proxy: Proxy, upstream: str, text: str | None = None) -> None:
    """Start HAProxy with its page's configuration in front of ``upstream``."""
    program, folder = find("haproxy"), proxy.folder
    text = text or block("haproxy")
    values = {"bind :443": f"bind 127.0.0.1:{proxy.tls}"}
    if "bind :80\n" in text:
        values["bind :80\n"] = f"bind 127.0.0.1:{proxy.plain}\n"
    if "ssl crt" in text:
        values["/etc/haproxy/www.example.com.pem"] = str(proxy.certificate.both)
    address = "127.0.0.1:8080" if "127.0.0.1:8080" in text else "127.0.0.1:8443"
    values[f"server app1 {address}"] = f"server app1 {upstream}"
    # One thread, so that there is one pool of connections to look at.
    main = f"global\n    nbthread 1\n\n{fill(text, values)}"
    (folder / "haproxy.cfg").write_text(main)
    proxy.run(program, "-D", "-f", str(folder / "haproxy.cfg"), "-p", str(proxy.pid))


#: The functions that start a proxy, by its name.
STARTS: Final = {"nginx": nginx, "haproxy": haproxy}
