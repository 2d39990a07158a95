"""Bodies that cannot be read: a program catches what it catches with aiohttp, others get a 4xx."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web as aiohttp_web

from treadle import web

#: A handler's way to read a request of either server.
Reader = Callable[[Any], Awaitable[object]]


async def part_of(request: Any) -> Any:
    return await (await request.multipart()).next()


async def part_text(request: Any) -> object:
    return await (await part_of(request)).text()


async def part_json(request: Any) -> object:
    return await (await part_of(request)).json()


async def part_decoded(request: Any) -> object:
    return await (await part_of(request)).read(decode=True)


async def text(request: Any) -> object:
    return await request.text()


async def document(request: Any) -> object:
    return await request.json()


async def post(request: Any) -> object:
    return await request.post()


async def multipart(request: Any) -> object:
    async for _ in await request.multipart():
        pass
    return None


def part(data: bytes, *lines: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in ('Content-Disposition: form-data; name="a"', *lines))
    return b"--x\r\n" + head.encode() + b"\r\n" + data + b"\r\n--x--\r\n"


FORM = "multipart/form-data; boundary=x"
PAIRS = "application/x-www-form-urlencoded"
CASES: list[tuple[Reader, str, bytes, int]] = [
    (text, "text/plain", b"\xff", 400),
    (text, "text/plain; charset=ascii", b"\xff", 400),
    (text, "text/plain; charset=no-such", b"a", 415),
    (text, "text/plain; charset=punycode", b"\xff", 415),
    (text, "text/plain; charset=hex", b"00", 415),
    (document, "application/json", b"{", 400),
    (document, "application/json", b"", 400),
    (document, "application/json", b"\xff", 400),
    (document, "application/json", b"\xef\xbb\xbf{}", 400),
    (document, "application/json", b"[" * 200_000, 400),
    (document, "application/json", b"1" * 5000, 400),
    (document, "application/json; charset=no-such", b"{}", 415),
    (post, PAIRS, b"a=\xff", 400),
    (post, f"{PAIRS}; charset=no-such", b"a=1", 415),
    (post, f"{PAIRS}; charset=punycode", b"a=1", 415),
    (post, "multipart/form-data", b"--x--", 400),
    (post, FORM, b"", 400),
    (post, FORM, b"--x\r\n", 400),
    (post, FORM, b"--x\r\nA\r\n\r\n", 400),
    (post, FORM, b"--x\r\n\r\n\r\n--x--", 400),
    (post, FORM, part(b"\xff"), 400),
    (post, FORM, part(b"a", "Content-Type: text/plain; charset=no-such"), 415),
    (post, FORM, part(b"a", "Content-Type: text/plain; charset=punycode"), 415),
    (post, FORM, part(b"a", "Content-Transfer-Encoding: x-no-such"), 415),
    (post, FORM, b"a" * 400_000, 413),
    (multipart, "text/plain", b"a", 415),
    (multipart, "multipart/form-data", b"a", 400),
    (multipart, FORM, b"a", 400),
    (part_text, FORM, part(b"\xff"), 400),
    (part_text, FORM, part(b"a", "Content-Type: text/plain; charset=no-such"), 415),
    (part_text, FORM, part(b"a" * 400_000), 413),
    (part_json, FORM, part(b"{"), 400),
    (part_json, FORM, part(b"\xff"), 400),
    (part_json, FORM, part(b"1" * 5000), 400),
    (part_decoded, FORM, part(b"a", "Content-Transfer-Encoding: x-no-such"), 415),
    (part_decoded, FORM, part(b"abc", "Content-Transfer-Encoding: base64"), 400),
    (part_decoded, "multipart/mixed; boundary=x", part(b"a", "Content-Encoding: no"), 415),
]


# aiohttp decodes with ``punycode``, which is refused here, and has no answer to deep JSON.
DECODED, DEEP = {"UnicodeDecodeError", "UnicodeError"}, {"RecursionError", "RuntimeError"}
NOT_OURS = {"text/plain; charset=punycode": DECODED, f"{PAIRS}; charset=punycode": DECODED}


def shown(kind: type[object]) -> bool:
    return kind.__module__ in ("builtins", "json.decoder") or kind.__name__.startswith("HTTP")


def application(server: Any, read: Reader) -> Any:
    async def catching(request: Any) -> Any:
        try:
            await read(request)
        except Exception as error:  # noqa: BLE001  # it is shown
            kinds = filter(shown, type(error).__mro__)
            return server.json_response([kind.__name__ for kind in kinds])
        return server.json_response([])

    async def failing(request: Any) -> Any:
        await read(request)
        return server.Response()

    app = server.Application(client_max_size=300_000)
    app.add_routes([server.post("/catching", catching), server.post("/failing", failing)])
    return app


@asynccontextmanager
async def running(server: Any, read: Reader) -> AsyncIterator[str]:
    runner = server.AppRunner(application(server, read))
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await server.SockSite(runner, sock).start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        await runner.cleanup()


async def ask(server: Any, read: Reader, content_type: str, body: bytes) -> tuple[set[str], int]:
    headers = {"Content-Type": content_type}
    async with running(server, read) as url, httpx.AsyncClient(headers=headers) as client:
        caught = await client.post(f"{url}/catching", content=body)
        failed = await client.post(f"{url}/failing", content=body)
    return set(caught.json()), failed.status_code


@pytest.mark.parametrize(
    ("read", "content_type", "body", "status"),
    CASES,
    ids=[f"{case[0].__name__}-{number}" for number, case in enumerate(CASES)],
)
def test_errors(read: Reader, content_type: str, body: bytes, status: int) -> None:
    async def main() -> None:
        ours, answered = await ask(web, read, content_type, body)
        assert answered == status
        assert "HTTPException" in ours
        if status == 413:
            # aiohttp closes the connection before the body has been sent.
            assert "HTTPRequestEntityTooLarge" in ours
            return
        assert "ValueError" in ours
        theirs, _ = await ask(aiohttp_web, read, content_type, body)
        theirs -= DEEP if body.startswith(b"[[") else NOT_OURS.get(content_type, set())
        assert theirs <= ours

    asyncio.run(main())


class OtherDecoderError(ValueError):
    """The error of another JSON library."""


def test_the_errors_of_another_decoder() -> None:
    def loads(_: str) -> object:
        raise OtherDecoderError("bad")

    caught: list[object] = []

    async def read(request: Any) -> object:
        try:
            return await request.json(loads=loads)
        except OtherDecoderError as error:
            caught.append(error)
            raise

    async def main() -> None:
        _, status = await ask(web, read, "application/json", b"{}")
        assert status == 400

    asyncio.run(main())
    assert [str(error) for error in caught] == ["bad", "bad"]
