"""URLs and passwords of Redis, and servers that are none."""

import logging
import re

import pytest

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
