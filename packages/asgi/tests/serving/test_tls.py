"""The TLS extension: what an application learns of the TLS session and the client's certificate."""

import asyncio
import socket
import ssl

import pytest
import trustme

from testkit import Run, each_loop
from treadle_asgi import Receive, Scope, Send, host
from treadle_asgi._serving.tls import tls_extension
from treadle_server import AppRunner, SockSite


@each_loop
@pytest.mark.parametrize("with_certificate", [True, False])
def test_extension(run: Run, with_certificate: bool) -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_OPTIONAL
    client = ssl.create_default_context()
    authority.configure_trust(client)
    if with_certificate:
        authority.issue_cert("me@example.com", common_name="A, B").configure_cert(client)
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def main() -> None:
        runner = AppRunner(host(app, lifespan="off"))
        await runner.setup()
        sock = socket.create_server(("127.0.0.1", 0))
        await SockSite(runner, sock, ssl_context=server).start()
        reader, writer = await asyncio.open_connection(
            *sock.getsockname(), ssl=client, server_hostname="localhost"
        )
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await runner.cleanup()

    run(main())
    for scope in seen:
        tls = scope["extensions"]["tls"]
        assert scope["scheme"] == "https"
        assert tls["server_cert"] is tls["client_cert_error"] is None
        assert tls["tls_version"] == 0x0304
        assert tls["cipher_suite"] in (0x1301, 0x1302, 0x1303)
        if with_certificate:
            assert tls["client_cert_chain"][0].startswith("-----BEGIN CERTIFICATE-----")
            assert tls["client_cert_name"].startswith(r"CN=A\, B,")
        else:
            assert (tls["client_cert_chain"], tls["client_cert_name"]) == ([], None)
    assert len(seen) == 2


class Session(ssl.SSLObject):
    """A session with facts of our own: OpenSSL makes none with these."""

    subject: object

    def getpeercert(self, binary_form: bool = False) -> object:  # type: ignore[override]  # wider
        return b"der" if binary_form else {"subject": self.subject}

    def get_unverified_chain(self) -> list[bytes]:
        return [b"der", b"root"]

    def cipher(self) -> tuple[str, str, int]:
        return ("NO-SUCH-CIPHER", "TLSv1.2", 1)

    def version(self) -> str:
        return "TLSv1.2"


SUBJECTS = [
    ((), ""),
    (((("countryName", "DE"),), (("organizationName", " a"), ("commonName", "b+c "))),
     r"O=\ a+CN=b\+c\ ,C=DE"),
    (((("title", "#x"),),), r"title=\#x"),
    (((("commonName", 'a"\\<>;\0'),),), r'CN=a\"\\\<\>\;\00'),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "expected"), SUBJECTS)
def test_names(subject: object, expected: str) -> None:
    tls = tls_extension(_session(subject))
    assert tls["client_cert_name"] == expected
    assert tls["cipher_suite"] is None
    assert tls["tls_version"] == 0x0303
    assert isinstance(tls["client_cert_chain"], list)
    assert len(tls["client_cert_chain"]) == 2


def _session(subject: object) -> Session:
    session = object.__new__(Session)
    session.subject = subject
    return session
