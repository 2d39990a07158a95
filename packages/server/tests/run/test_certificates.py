"""Contexts from the files of certificates: what is refused, and certificates that change."""

import asyncio
import contextlib
import logging
import pickle
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from testkit import Run, each_loop
from treadle_responses import Response
from treadle_server import Application, AppRunner, Request, SockSite, create_ssl_context
from treadle_server._run.certificates import _Context

AUTHORITY = trustme.CA()
OTHER = trustme.CA()


def write(folder: Path) -> None:
    """Write a new certificate and its key, as one that was renewed."""
    issued = AUTHORITY.issue_cert("localhost")
    chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
    (folder / "cert.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    (folder / "both.pem").write_bytes(issued.private_key_pem.bytes() + chain)


def encrypt(folder: Path, password: str) -> None:
    key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    encryption = BestAvailableEncryption(password.encode())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    (folder / "locked.pem").write_bytes(pem)


def a_client() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def connect(server: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLObject:
    """Return the client's end of a connection in memory, after its handshake."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    # Raises if one side has not ended its handshake.
    for end in ends:
        end.do_handshake()
    return ends[0]


def handshake(server: ssl.SSLContext, client: ssl.SSLContext | None = None) -> bytes:
    """Return the server's certificate, as a client gets it."""
    certificate = connect(server, client or a_client()).getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def der(folder: Path) -> bytes:
    text = (folder / "cert.pem").read_text()
    end = "-----END CERTIFICATE-----\n"
    return ssl.PEM_cert_to_DER_cert(text[: text.index(end) + len(end)])


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def watched(folder: Path) -> tuple[ssl.SSLContext, Clock]:
    context, clock = create_ssl_context(folder / "cert.pem", folder / "key.pem"), Clock()
    assert isinstance(context, _Context)
    context.watch(context._files, context._tried, clock)
    return context, clock


@pytest.mark.parametrize("names", [("cert.pem", "key.pem"), ("both.pem",), ("both.pem", "key.pem")])
def test_a_certificate_and_its_key(tmp_path: Path, names: tuple[str, ...]) -> None:
    write(tmp_path)
    context = create_ssl_context(*(tmp_path / name for name in names))
    assert context.protocol is ssl.PROTOCOL_TLS_SERVER
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION
    assert handshake(context) == der(tmp_path)


def test_http_1_1_is_agreed_on(tmp_path: Path) -> None:
    write(tmp_path)
    client = a_client()
    client.set_alpn_protocols(["h2", "http/1.1"])
    end = connect(create_ssl_context(tmp_path / "both.pem"), client)
    assert end.selected_alpn_protocol() == "http/1.1"


def test_an_encrypted_key(tmp_path: Path) -> None:
    write(tmp_path)
    encrypt(tmp_path, "secret")
    context = create_ssl_context(tmp_path / "cert.pem", tmp_path / "locked.pem", password="secret")
    assert handshake(context) == der(tmp_path)


REFUSED: list[tuple[str, Callable[[Path], object], type[Exception], str]] = [
    ("an empty name", lambda at: create_ssl_context(""), OSError, "certfile cannot be read"),
    ("no file", lambda at: create_ssl_context(at / "none.pem"), OSError,
     "certfile cannot be read: No such file.*none.pem"),
    ("no key file", lambda at: create_ssl_context(at / "cert.pem", at / "none.pem"), OSError,
     "keyfile cannot be read: No such file.*none.pem"),
    ("a folder", create_ssl_context, OSError, "certfile cannot be read: Is a dir"),
    ("no certificate", lambda at: create_ssl_context(at / "key.pem"), ValueError,
     "certfile .*key.pem' has no certificate"),
    ("no key", lambda at: create_ssl_context(at / "cert.pem"), ValueError,
     "certfile .*cert.pem' has no private key: give its file as keyfile"),
    ("a certificate as the key",
     lambda at: create_ssl_context(at / "cert.pem", at / "cert.pem"), ValueError,
     "has no private key"),
    ("both in the wrong order",
     lambda at: create_ssl_context(at / "key.pem", at / "cert.pem"), ValueError,
     "certfile .*key.pem' has no certificate"),
    ("DER", lambda at: create_ssl_context(at / "cert.der", at / "key.pem"), ValueError,
     "has no certificate"),
    ("the key of another", lambda at: create_ssl_context(at / "cert.pem", at / "other.pem"),
     ValueError, "key in .*other.pem' is not that of the first certificate in .*cert.pem'"),
    ("no password", lambda at: create_ssl_context(at / "cert.pem", at / "locked.pem"), ValueError,
     "key in .*locked.pem' is encrypted: give its password"),
    ("another password",
     lambda at: create_ssl_context(at / "cert.pem", at / "locked.pem", password="x"), ValueError,
     "password does not open the key in .*locked.pem'"),
    ("a cut certificate", lambda at: create_ssl_context(at / "cut.pem", at / "key.pem"),
     ValueError, "cannot read the certificate and key in .*cut.pem"),
    ("no authority",
     lambda at: create_ssl_context(at / "both.pem", client_ca=at / "key.pem"), ValueError,
     "client_ca .*key.pem' has no certificates"),
    ("no file of authorities",
     lambda at: create_ssl_context(at / "both.pem", client_ca=at / "none.pem"), OSError,
     "client_ca cannot be read: No such file.*none.pem"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "error", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_files_that_cannot_be_used(
    tmp_path: Path, make: Callable[[Path], object], error: type[Exception], text: str
) -> None:
    write(tmp_path)
    (tmp_path / "other.pem").write_bytes(AUTHORITY.issue_cert("a").private_key_pem.bytes())
    (tmp_path / "cert.der").write_bytes(der(tmp_path))
    lines = (tmp_path / "cert.pem").read_text().splitlines(keepends=True)
    (tmp_path / "cut.pem").write_text("".join(lines[:5]))
    encrypt(tmp_path, "secret")
    with pytest.raises(error, match=text):
        make(tmp_path)


def test_a_renewed_certificate_is_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    write(tmp_path)
    context, clock = watched(tmp_path)
    first = der(tmp_path)
    assert handshake(context) == first
    write(tmp_path)
    # Looked at once a second.
    assert handshake(context) == first
    clock.now += 1
    assert handshake(context) == der(tmp_path) != first
    assert handshake(context) == der(tmp_path)
    assert caplog.messages == [f"The new certificate in '{tmp_path / 'cert.pem'}' is used now"]


def test_the_certificate_stays_between_two_writes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path)
    context, clock = watched(tmp_path)
    first, key = der(tmp_path), (tmp_path / "key.pem").read_bytes()
    write(tmp_path)
    new_key = (tmp_path / "key.pem").read_bytes()
    (tmp_path / "key.pem").write_bytes(key)
    for _ in range(3):
        clock.now += 1
        assert handshake(context) == first
    (line,) = caplog.messages
    assert line.startswith("The certificate stays the one before: the key in")
    (tmp_path / "key.pem").write_bytes(new_key)
    clock.now += 1
    assert handshake(context) == der(tmp_path) != first


def test_the_certificate_stays_without_its_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path)
    context, clock = watched(tmp_path)
    first = der(tmp_path)
    (tmp_path / "cert.pem").unlink()
    for _ in range(3):
        clock.now += 1
        assert handshake(context) == first
    assert "certfile cannot be read: No such file" in caplog.text
    assert len(caplog.messages) == 1
    write(tmp_path)
    clock.now += 1
    assert handshake(context) == der(tmp_path) != first


def test_a_link_that_leads_elsewhere(tmp_path: Path) -> None:
    """certbot and Kubernetes exchange a link, and no file that it has led to."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        write(tmp_path / name)
    live = tmp_path / "live"
    live.symlink_to("old")
    context, clock = watched(live)
    assert handshake(context) == der(tmp_path / "old")
    (tmp_path / "next").symlink_to("new")
    (tmp_path / "next").replace(live)
    clock.now += 1
    assert handshake(context) == der(tmp_path / "new")


def test_other_settings_stay(tmp_path: Path) -> None:
    write(tmp_path)
    context, clock = watched(tmp_path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    write(tmp_path)
    clock.now += 1
    client = a_client()
    assert handshake(context, client) == der(tmp_path)
    client.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(ssl.SSLError):
        handshake(context, client)


@pytest.mark.parametrize("renewed", [False, True])
def test_clients_show_a_certificate(tmp_path: Path, renewed: bool) -> None:
    write(tmp_path)
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = create_ssl_context(tmp_path / "both.pem", client_ca=tmp_path / "ca.pem")
    if renewed:
        assert isinstance(context, _Context)
        clock = Clock()
        context.watch(context._files, context._tried, clock)
        write(tmp_path)
        clock.now += 1
    client = a_client()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        handshake(context, client)
    OTHER.issue_cert("client").configure_cert(client)
    with pytest.raises(ssl.SSLError):
        handshake(context, client)
    AUTHORITY.issue_cert("client").configure_cert(client)
    assert handshake(context, client) == der(tmp_path)


def test_a_worker_that_is_no_copy_makes_it_anew(tmp_path: Path) -> None:
    write(tmp_path)
    context = create_ssl_context(tmp_path / "cert.pem", tmp_path / "key.pem")
    write(tmp_path)
    assert handshake(pickle.loads(pickle.dumps(context))) == der(tmp_path)


@each_loop
def test_connections_of_a_server(run: Run, tmp_path: Path) -> None:
    """Kept connections go on, and new ones have the new certificate."""

    async def hello(_request: Request) -> Response:
        return Response(text="hello")

    async def seen(
        port: int,
    ) -> tuple[bytes, tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=a_client(), server_hostname="localhost"
        )
        return writer.get_extra_info("ssl_object").getpeercert(True), (reader, writer)

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return await reader.readuntil(b"hello")

    async def main() -> None:
        write(tmp_path)
        context, clock = watched(tmp_path)
        app = Application()
        app.router.add_get("/", hello)
        runner = AppRunner(app)
        await runner.setup()
        sock = socket.create_server(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        await SockSite(runner, sock, ssl_context=context).start()
        first, kept = await seen(port)
        assert first == der(tmp_path)
        write(tmp_path)
        clock.now += 1
        second, new = await seen(port)
        assert second == der(tmp_path) != first
        for each in (kept, new):
            assert (await ask(*each)).startswith(b"HTTP/1.1 200 OK")
            each[1].close()
        await runner.cleanup()

    run(main())


def test_the_terminal_is_not_asked_for_a_password(tmp_path: Path) -> None:
    write(tmp_path)
    encrypt(tmp_path, "secret")
    program = (
        "from treadle_server import create_ssl_context\n"
        f"create_ssl_context({str(tmp_path / 'cert.pem')!r}, {str(tmp_path / 'locked.pem')!r})"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert "is encrypted: give its password" in run.stderr
    assert "Enter" not in run.stdout + run.stderr
