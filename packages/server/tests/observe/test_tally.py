"""Counting requests over a server: what counts where, and bounds on what a stranger can make."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from testkit import Peer, Run, each_loop, upgrade_request
from treadle_responses import HTTPFound, HTTPServiceUnavailable, Response, StreamResponse
from treadle_server import (
    Application,
    AppRunner,
    FileResponse,
    Request,
    TCPSite,
    WebSocketResponse,
    route,
)
from treadle_server._observe import tally as module
from treadle_server._observe.tally import Labels, Tally


async def text(request: Request) -> Response:
    return Response(text="12345")


async def created(request: Request) -> Response:
    await request.read()
    return Response(status=201)


async def unavailable(request: Request) -> Response:
    return Response(status=503)


async def raises(request: Request) -> Response:
    raise ValueError


async def redirects(request: Request) -> Response:
    raise HTTPFound("/")


async def raises_503(request: Request) -> Response:
    raise HTTPServiceUnavailable(text="123")


async def nothing(request: Request) -> None:
    return None


async def pieces(request: Request) -> StreamResponse:
    response = StreamResponse()
    response.content_length = 6
    await response.prepare(request)
    await response.write(b"abc")
    await response.write_eof(b"def")
    return response


async def breaks_off(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    raise ValueError


async def iterates(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"1234"
        yield b"5678"

    return Response(body=parts())


async def compressed(request: Request) -> Response:
    response = Response(text="a" * 5000)
    response.enable_compression()
    return response


async def file(request: Request) -> FileResponse:
    return FileResponse(__file__)


async def chunked(request: Request) -> Response:
    return Response(text=str(len(await request.read())))


HANDLERS: dict[str, Any] = {
    "/text": text, "/created": created, "/unavailable": unavailable, "/raises": raises,
    "/redirects": redirects, "/raises_503": raises_503, "/nothing": nothing, "/pieces": pieces,
    "/breaks_off": breaks_off, "/iterates": iterates, "/compressed": compressed, "/file": file,
    "/chunked": chunked, "/{variable}/x": text,
}  # fmt: skip

SIZE = Path(__file__).stat().st_size

# A request line, its other fields and its body; the labels; the sizes of both bodies.
CASES: dict[str, tuple[str, Labels, int, int | None]] = {
    "GET /text": ("", Labels("GET", "200", "/text", "http", ""), 0, 5),
    "GET /some/x?y=1": ("", Labels("GET", "200", "/{variable}/x", "http", ""), 0, 5),
    "HEAD /text": ("", Labels("HEAD", "200", "/text", "http", ""), 0, 0),
    "PROPFIND /text": ("", Labels("_OTHER", "200", "/text", "http", ""), 0, 5),
    "POST /created": (
        "Content-Length: 3\r\n\r\nabc", Labels("POST", "201", "/created", "http", ""), 3, 0,
    ),
    "POST /chunked": (
        "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        Labels("POST", "200", "/chunked", "http", ""), 4, 1,
    ),
    "GET /unavailable": ("", Labels("GET", "503", "/unavailable", "http", "503"), 0, 0),
    "GET /raises": ("", Labels("GET", "500", "/raises", "http", "ValueError"), 0, 0),
    "GET /redirects": ("", Labels("GET", "302", "/redirects", "http", ""), 0, 10),
    "GET /raises_503": ("", Labels("GET", "503", "/raises_503", "http", "503"), 0, 3),
    "GET /nothing": ("", Labels("GET", "500", "/nothing", "http", "TypeError"), 0, 0),
    "GET /pieces": ("", Labels("GET", "200", "/pieces", "http", ""), 0, 6),
    "GET /breaks_off": ("", Labels("GET", "200", "/breaks_off", "http", "ValueError"), 0, 0),
    "GET /iterates": ("", Labels("GET", "200", "/iterates", "http", ""), 0, None),
    "GET /compressed": (
        "Accept-Encoding: gzip\r\n\r\n", Labels("GET", "200", "/compressed", "http", ""), 0, None,
    ),
    "GET /file": ("", Labels("GET", "200", "/file", "http", ""), 0, SIZE),
    "GET /nowhere": ("", Labels("GET", "404", "", "http", ""), 0, 14),
    "PUT /raises?%00": ("", Labels("PUT", "500", "/raises", "http", "ValueError"), 0, 0),
}  # fmt: skip


async def started(tally: Tally, *routes: Any, **options: Any) -> tuple[AppRunner, int]:
    app = Application(middlewares=[tally.middleware])
    app.add_routes([*routes, *(route("*", path, handler) for path, handler in HANDLERS.items())])
    runner = AppRunner(app, access_log=None, **options)
    await runner.setup()
    site = TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, site.port


async def connect(port: int) -> Peer:
    return Peer(*await asyncio.open_connection("127.0.0.1", port))


async def ask(port: int, line: str, rest: str = "") -> bytes:
    peer = await connect(port)
    end = rest or "\r\n"
    head = f"{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{end}"
    await peer.send(head.encode())
    answer = await peer.rest()
    peer.writer.close()
    return answer


@pytest.mark.parametrize("line", CASES)
@pytest.mark.filterwarnings("ignore")
def test_a_request(run: Run, line: str) -> None:
    rest, labels, received, sent = CASES[line]
    tally = Tally([0.5, 600.0], [0, 4, 1_000_000])

    async def main() -> None:
        runner, port = await started(tally)
        # The second time it finds the labels by a shortcut.
        for count in (1, 2):
            answer = await ask(port, line, rest)
            [series] = tally.series()
            assert series.labels == labels
            durations, requests, responses = series.read()
            assert durations.buckets == [count, 0, 0]
            assert 0 < durations.sum < 60
            assert requests.sum == received * count
            index = 0 if not received else 1
            assert requests.buckets[index] == count
            assert sum(requests.buckets) == sum(responses.buckets) == count
            if sent is None and (field := re.search(rb"Content-Length: (\d+)", answer)):
                assert responses.sum == int(field[1]) * count < 1000
            elif sent is not None:
                assert responses.sum == sent * count
        assert [group.active for group in tally.groups()] == [0]
        await runner.cleanup()

    run(main())


@each_loop
def test_active_until_the_end(run: Run) -> None:
    tally = Tally([1.0], [1])
    calls: list[int] = []
    begun, release = asyncio.Event(), asyncio.Event()

    async def socket(request: Request) -> WebSocketResponse:
        ws = WebSocketResponse()
        await ws.prepare(request)
        async for _message in ws:
            pass
        return ws

    async def stream(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            begun.set()
            yield b"first"
            await release.wait()
            yield b"last"

        return Response(body=parts())

    async def main() -> None:
        runner, port = await started(
            tally, route("GET", "/ws", socket), route("GET", "/stream", stream)
        )
        tally.on_change = lambda: calls.append(1)
        streaming = asyncio.create_task(ask(port, "GET /stream"))
        await begun.wait()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(upgrade_request().replace(b"GET / ", b"GET /ws "))
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        assert [group.active for group in tally.groups()] == [2]
        assert tally.series() == []
        writer.close()
        release.set()
        assert b"last" in await streaming
        await runner.cleanup()
        assert [group.active for group in tally.groups()] == [0]
        assert sorted(series.labels.status for series in tally.series()) == ["101", "200"]
        assert len(calls) == 4

    run(main())


def test_a_client_that_leaves(run: Run) -> None:
    tally = Tally([1.0], [1])
    begun, ended = asyncio.Event(), asyncio.Event()

    async def waits(request: Request) -> Response:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return Response()

    async def main() -> None:
        runner, port = await started(
            tally, route("GET", "/waits", waits), handler_cancellation=True
        )
        peer = await connect(port)
        await peer.send(b"GET /waits HTTP/1.1\r\nHost: a\r\n\r\n")
        await begun.wait()
        peer.writer.close()
        await ended.wait()
        await runner.cleanup()
        [series] = tally.series()
        kind = "asyncio.exceptions.CancelledError"
        assert series.labels == Labels("GET", "", "/waits", "http", kind)
        assert [group.active for group in tally.groups()] == [0]

    run(main())


def test_excluded_routes(run: Run) -> None:
    tally = Tally([1.0], [1], excluded={"/text", "/{variable}/x"})

    async def main() -> None:
        runner, port = await started(tally)
        for _ in range(2):
            for path in ("/text", "/a/x", "/b/x", "/raises", "/created"):
                await ask(port, f"GET {path}")
        await runner.cleanup()

    run(main())
    assert sorted(each.labels.route for each in tally.series()) == ["/created", "/raises"]


def labels_of(run: Run, lines: list[str], *routes: Any) -> list[Labels]:
    tally = Tally([1.0], [1])

    async def main() -> None:
        runner, port = await started(tally, *routes)
        peer = await connect(port)
        for line in lines:
            await peer.send(f"{line} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            await peer.response()
        peer.writer.close()
        await runner.cleanup()
        for groups in (tally._plain, tally._tls):
            assert len(groups) == 9
        assert sum(sum(series.durations) for series in tally.series()) == len(lines)

    run(main())
    return [series.labels for series in tally.series()]


def test_a_stranger_makes_no_series(run: Run) -> None:
    lines = [f"GET /{i}" for i in range(40)] + [f"GET /{i}/x" for i in range(40)]
    lines += [f"{method} /text" for method in ("PROPFIND", "LOCK", "MKCOL", "REPORT")]
    assert labels_of(run, lines) == [
        Labels("GET", "404", "", "http", ""),
        Labels("GET", "200", "/{variable}/x", "http", ""),
        Labels("_OTHER", "200", "/text", "http", ""),
    ]


def test_more_series_than_are_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SERIES", 3)
    monkeypatch.setattr(module, "_MOST_SHORTCUTS", 2)

    async def any_status(request: Request) -> Response:
        return Response(status=int(request.match_info["status"]))

    lines = [f"GET /status/{status}" for status in range(200, 240)] * 2
    labels = labels_of(run, [*lines, "GET /text"], route("GET", "/status/{status}", any_status))
    assert [(each.status, each.route) for each in labels] == [
        ("200", "/status/{status}"),
        ("201", "/status/{status}"),
        ("202", "/status/{status}"),
        ("200", "_OTHER"),
    ]


def test_reading_while_a_request_is_counted() -> None:
    series = Tally([1.0], [1])._make(Labels("GET", "200", "/", "http", ""))
    # A thread reads between the two additions of a request.
    series.response_sizes[1] += 1
    _durations, requests, responses = series.read()
    assert requests.buckets == [0, 0]
    assert responses.buckets == [0, 1]
