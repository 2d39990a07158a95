"""Request IDs over a server: whose ID it is, in which answers, and in which lines of the log."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from testkit import Peer, Run
from treadle_responses import HTTPNotFound, Response, StreamResponse
from treadle_server import (
    REQUEST_ID,
    AccessLogger,
    Application,
    AppRunner,
    JSONAccessFormatter,
    Request,
    RequestIdFilter,
    TCPSite,
    get,
    request_id_middleware,
)

OWN = re.compile("[0-9a-f]{32}")


async def echo(request: Request) -> Response:
    logging.getLogger("own").warning("in the handler")
    await asyncio.create_task(in_task())
    return Response(text=request[REQUEST_ID])


async def in_task() -> None:
    logging.getLogger("own").warning("in a task")


async def stream(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write_eof(request[REQUEST_ID].encode())
    return response


async def raises(request: Request) -> Response:
    raise ValueError(request[REQUEST_ID])


async def raises_404(request: Request) -> Response:
    raise HTTPNotFound(text=request[REQUEST_ID])


async def waits_and_raises(request: Request) -> Response:
    await asyncio.sleep(0)
    raise ValueError


ROUTES = [
    get("/", echo), get("/stream", stream), get("/raises", raises), get("/404", raises_404),
    get("/waits", waits_and_raises),
]  # fmt: skip


async def ask(
    path: str, fields: str = "", *, options: dict[str, Any] | None = None, **runner_options: Any
) -> tuple[dict[str, str], str]:
    """Return the fields and the body of an answer."""
    app = Application(middlewares=[request_id_middleware(**(options or {}))])
    app.add_routes(ROUTES)
    runner = AppRunner(app, **runner_options)
    await runner.setup()
    site = TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer = Peer(*await asyncio.open_connection("127.0.0.1", site.port))
    await peer.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n".encode())
    head, _, body = (await peer.rest()).decode().partition("\r\n\r\n")
    peer.writer.close()
    await runner.cleanup()
    lines = head.split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize("path", ["/", "/stream", "/raises", "/404", "/nowhere", "/waits"])
def test_each_answer_has_it(run: Run, path: str) -> None:
    async def main() -> None:
        answer, body = await ask(path, "X-Request-ID: a-client\r\n")
        own = answer["X-Request-ID"]
        assert OWN.fullmatch(own)
        if path in ("/", "/404"):
            assert body == own

    run(main())


def trusts_chrome(request: Request) -> bool:
    return request.headers.get("User-Agent") == "proxy"


# Options, fields, and the ID; None for one of ours.
TRUST: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "off": ({}, "X-Request-ID: abc\r\n", None),
    "on": ({"trust": True}, "X-Request-ID: abc\r\n", "abc"),
    "none": ({"trust": True}, "", None),
    "uuid": (
        {"trust": True}, "X-Request-ID: 3F2504E0-4F89-41D3-9A0C-0305E82C3301\r\n",
        "3F2504E0-4F89-41D3-9A0C-0305E82C3301",
    ),
    "of a cloud": (
        {"trust": True, "header": "X-Amzn-Trace-Id"},
        "X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad\r\n",
        "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad",
    ),
    "another case": ({"trust": True}, "x-request-id: abc\r\n", "abc"),
    "128": ({"trust": True}, f"X-Request-ID: {'a' * 128}\r\n", "a" * 128),
    "129": ({"trust": True}, f"X-Request-ID: {'a' * 129}\r\n", None),
    "empty": ({"trust": True}, "X-Request-ID:\r\n", None),
    "twice": ({"trust": True}, "X-Request-ID: a\r\nX-Request-ID: a\r\n", None),
    "blank": ({"trust": True}, "X-Request-ID: a b\r\n", None),
    "quote": ({"trust": True}, 'X-Request-ID: a"b\r\n', None),
    "not ASCII": ({"trust": True}, "X-Request-ID: ä\r\n", None),
    "digits elsewhere": ({"trust": True}, "X-Request-ID: ٣\r\n", None),
    "percent": ({"trust": True}, "X-Request-ID: %0a%s\r\n", None),
    "proxy": ({"trust": trusts_chrome}, "User-Agent: proxy\r\nX-Request-ID: a\r\n", "a"),
    "no proxy": ({"trust": trusts_chrome}, "X-Request-ID: a\r\n", None),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUST)
def test_whose_id(run: Run, name: str) -> None:
    options, fields, expected = TRUST[name]

    async def main() -> None:
        answer, body = await ask("/", fields, options=options)
        assert answer[options.get("header", "X-Request-ID")] == body
        assert body == expected if expected is not None else OWN.fullmatch(body)

    run(main())


@pytest.fixture
def log() -> Iterator[Callable[[logging.Formatter], io.StringIO]]:
    """Write all of the log to a text, with the filter."""
    handlers: list[logging.Handler] = []
    root = logging.getLogger()
    level = root.level

    def begin(formatter: logging.Formatter) -> io.StringIO:
        text = io.StringIO()
        handlers.append(logging.StreamHandler(text))
        handlers[-1].setFormatter(formatter)
        handlers[-1].addFilter(RequestIdFilter())
        root.addHandler(handlers[-1])
        root.setLevel(logging.INFO)
        return text

    yield begin
    for handler in handlers:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("path", ["/", "/raises", "/waits", "/nowhere"])
def test_lines_of_the_log(
    run: Run, path: str, log: Callable[[logging.Formatter], io.StringIO]
) -> None:
    text = log(logging.Formatter("%(name)s %(request_id)s"))

    async def main() -> None:
        answer, _body = await ask(path)
        own = answer["X-Request-ID"]
        lines = [line for line in text.getvalue().splitlines() if re.match(r"own|treadle", line)]
        names = {"/": ["own", "own", "treadle.access"], "/nowhere": ["treadle.access"]}.get(
            path, ["treadle.server", "treadle.access"]
        )
        assert lines == [f"{name} {own}" for name in names]

    run(main())


def test_the_access_log(run: Run, log: Callable[[logging.Formatter], io.StringIO]) -> None:
    text = log(logging.Formatter("%(message)s"))

    async def main() -> None:
        options = {"trust": True}
        line = "%L %s"
        await ask("/404", "X-Request-ID: abc\r\n", options=options, access_log_format=line)
        assert text.getvalue().splitlines() == ["abc 404"]

    run(main())


def test_json(run: Run, log: Callable[[logging.Formatter], io.StringIO]) -> None:
    text = log(JSONAccessFormatter())

    async def main() -> None:
        form = AccessLogger.LOG_FORMAT
        await ask("/", "X-Request-ID: abc\r\n", options={"trust": True}, access_log_format=form)

    run(main())
    lines = [json.loads(line) for line in text.getvalue().splitlines()]
    assert [line["request_id"] for line in lines] == ["abc"] * 3
    assert [line.get("message") for line in lines] == ["in the handler", "in a task", None]
    assert lines[-1]["response_status"] == 200


MISTAKES: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "colon": ({"header": "X-Request-ID:"}, ValueError, "name of a field"),
    "empty": ({"header": ""}, ValueError, "not ''"),
    "trust": ({"trust": "yes"}, TypeError, "a bool or a function"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    options, kind, text = MISTAKES[name]
    with pytest.raises(kind, match=text):
        request_id_middleware(**options)
