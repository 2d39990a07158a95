"""URLs and passwords of Redis, and servers that are none."""

import logging
import re
import socket
import sys
from pathlib import Path

import pytest
import trustme

from testkit import Run
from testkit.backends import Notes, until
from testkit.engines import Redis
from treadle_channels import (
    BackendError,
    BackendUnavailableError,
    RedisPubSubBackend,
    RedisStreamsBackend,
)

SECRET = "s3cr/t@word"
QUOTED = "s3cr%2Ft%40word"


@pytest.mark.parametrize("kind", [RedisPubSubBackend, RedisStreamsBackend])
def test_passwords_of_redis_are_never_told(
    run: Run, caplog: pytest.LogCaptureFixture, kind: type[RedisPubSubBackend]
) -> None:
    caplog.set_level(logging.DEBUG)
    server = Redis(password=SECRET)
    place = f"127.0.0.1:{server.port}/0"

    async def refused(url: str) -> str:
        backend = kind(url)
        with pytest.raises(BackendError) as caught:
            await backend.start(Notes())
        return f"{caught.value} {caught.value!r} {backend!r} {backend.description}"

    async def main() -> None:
        texts = [await refused(f"redis://:{QUOTED}@{place}")]  # it is not there
        server.start()
        texts.append(await refused(f"redis://{place}"))
        assert "NOAUTH" in texts[-1] or "Authentication" in texts[-1]
        texts.append(await refused(f"redis://:wrong-{QUOTED}@{place}"))
        assert "refused" in texts[-1]
        texts.append(await refused(f"redis://{place}?password=wrong-{QUOTED}"))
        texts.append(await refused(f"redis://bob:wrong-{QUOTED}@{place}"))
        backend, notes = kind(f"redis://:{QUOTED}@{place}"), Notes()
        await backend.start(notes)
        await backend.subscribe(["a"])
        await backend.publish("a", b"t")
        await notes.messages(1)
        server.kill()
        await until(lambda: not backend.connected)
        with pytest.raises(BackendUnavailableError) as caught:
            await backend.publish("a", b"t")
        await backend.stop()
        texts += [str(caught.value), repr(backend)]
        everything = "\n".join(texts) + caplog.text
        assert SECRET not in everything
        assert QUOTED not in everything
        assert "127.0.0.1" in everything

    try:
        run(main())
    finally:
        server.close()


@pytest.mark.parametrize(
    "url",
    [
        f"http://:{SECRET}@localhost", f"redis://:{SECRET}@localhost:x", f"redis://[{SECRET}",
        f"redis://:pass{SECRET}word@localhost:1/0", "", "localhost",
        f"redis://localhost/0?socket_timeout={SECRET}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [RedisPubSubBackend, RedisStreamsBackend])
def test_urls_that_cannot_be_read(kind: type[RedisPubSubBackend], url: str) -> None:
    with pytest.raises(ValueError, match=re.escape("redis://[user:password@]host")) as caught:
        kind(url)
    assert "s3cr" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_tls_with_a_checked_certificate(run: Run, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Redis(
        "--tls-port", str(port), "--tls-auth-clients", "no",
        "--tls-cert-file", str(tmp_path / "cert.pem"), "--tls-key-file", str(tmp_path / "key.pem"),
    )  # fmt: skip

    async def main() -> None:
        url = f"rediss://127.0.0.1:{port}"
        with pytest.raises(BackendUnavailableError, match="certificate"):
            await RedisPubSubBackend(url).start(Notes())
        backend, notes = RedisPubSubBackend(f"{url}?ssl_ca_certs={tmp_path}/ca.pem"), Notes()
        await backend.start(notes)
        await backend.subscribe(["a"])
        await backend.publish("a", b"t" + b"x" * 100_000)
        await notes.messages(1)
        assert backend.description == f"Redis at {url}"
        await backend.stop()

    try:
        server.start()
        run(main())
    finally:
        server.close()


def test_without_the_client_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ImportError, match=r"pip install 'treadle-channels\[redis\]'"):
        RedisPubSubBackend()
