"""Each public member of ``BaseRequest``, without a connection."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from testkit import CONNECTION, FakeChannel, Run, request_head
from treadle_responses import (
    HTTPBadRequest,
    HTTPException,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
    RequestKey,
    Response,
    StreamResponse,
)
from treadle_server import BaseRequest
from treadle_server._body.stream import RequestBody
from treadle_server._http.content import RequestContent
from treadle_server._http.head import RequestHead
from treadle_server._http.payload_writer import PayloadWriter
from treadle_server._http.request import RequestHooks

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
MULTIPART = "Content-Type: multipart/form-data; boundary=B\r\n"
PARTS = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\nfile\r\n--B--\r\n'
)


def request(
    body: bytes = b"",
    fields: str = "",
    *,
    method: str = "POST",
    version: str = "1.1",
    size: int = 0,
) -> BaseRequest:
    """Return a request whose body has arrived."""
    if body:
        fields += f"Content-Length: {len(body)}\r\n"
    made = BaseRequest.received(
        request_head(method, "/path?a=1", fields, version),
        RequestBody.whole(body),
        FakeChannel(),
        CONNECTION,
    )
    if size:
        made._client_max_size = size
    return made


def test_the_connection_is_a_view(run: Run) -> None:
    async def main() -> None:
        made = request()
        channel = made.response_writer
        assert isinstance(channel, FakeChannel)
        assert isinstance(made.writer, PayloadWriter)
        assert made.writer is made.writer
        assert made.writer.channel is channel
        assert made.transport is channel.connected
        assert made.get_extra_info("peername") == "a peer"
        assert made.get_extra_info("unknown", 7) == 7
        channel.lost = True
        assert made.transport is None
        assert made.get_extra_info("peername", "gone") == "gone"
        assert made.get_extra_info("peername") is None

    run(main())


def test_the_task_is_the_bound_one_or_the_current_one(run: Run) -> None:
    made = request()
    with pytest.raises(RuntimeError, match="no running event loop"):
        _ = made.task

    async def main() -> None:
        assert made.task is asyncio.current_task()

        async def answer() -> StreamResponse:
            return Response()

        task = asyncio.ensure_future(answer())
        made.bind_task(task)
        assert made.task is task
        await task
        made.bind_task(None)
        assert made.task is asyncio.current_task()

    run(main())


Reads = Callable[[BaseRequest], Coroutine[Any, Any, object]]


async def form(made: BaseRequest) -> list[tuple[str, object]]:
    return list((await made.post()).items())


#: A way to read a body, the body, its fields, and the result.
BODIES: list[tuple[Reads, bytes, str, object]] = [
    (BaseRequest.read, b"", "", b""),
    (BaseRequest.read, b"abc", "", b"abc"),
    (BaseRequest.text, "ä".encode(), "", "ä"),
    (BaseRequest.text, b"\xe4", "Content-Type: text/plain; charset=latin-1\r\n", "ä"),
    (BaseRequest.json, b'{"a": [1]}', "", {"a": [1]}),
    (lambda made: made.json(loads=str.upper), b"abc", "", "ABC"),
    (form, b"a=1&b=2&a=3", FORM, [("a", "1"), ("b", "2"), ("a", "3")]),
    (form, b"a=1", "", [("a", "1")]),
    (form, b"a=1", "Content-Type: text/plain\r\n", []),
]


@pytest.mark.parametrize(("read", "body", "fields", "result"), BODIES)
def test_bodies(run: Run, read: Reads, body: bytes, fields: str, result: object) -> None:
    async def main() -> None:
        made = request(body, fields)
        assert await read(made) == result
        # The body is kept: a second reader finds it, too.
        assert await read(made) == result

    run(main())


#: A way to read a body, the body, its fields, and the error.
FAULTS: list[tuple[Reads, bytes, str, type[HTTPException]]] = [
    (BaseRequest.read, b"x" * 11, "", HTTPRequestEntityTooLarge),
    (BaseRequest.text, b"\xff", "", HTTPBadRequest),
    (BaseRequest.text, b"x", "Content-Type: a/b; charset=klingon\r\n", HTTPUnsupportedMediaType),
    (BaseRequest.json, b"{", "", HTTPBadRequest),
    (form, b"a" * 11, FORM, HTTPRequestEntityTooLarge),
    (form, b"a=%ff", FORM, HTTPBadRequest),
    (form, b"x" * 11, MULTIPART, HTTPRequestEntityTooLarge),
    (form, b"nonsense", MULTIPART, HTTPBadRequest),
    (BaseRequest.multipart, b"x", "Content-Type: text/plain\r\n", HTTPUnsupportedMediaType),
    (BaseRequest.multipart, b"x", "Content-Type: multipart/mixed\r\n", HTTPBadRequest),
]


@pytest.mark.parametrize(("read", "body", "fields", "error"), FAULTS)
def test_faults_of_bodies_are_answers(
    run: Run, read: Reads, body: bytes, fields: str, error: type[HTTPException]
) -> None:
    async def main() -> None:
        with pytest.raises(error):
            await read(request(body, fields, size=10))

    run(main())


def test_multipart(run: Run) -> None:
    async def main() -> None:
        fields = await request(PARTS, MULTIPART).post()
        assert list(fields) == ["a", "f"]
        assert fields["a"] == "1"
        reader = await request(PARTS, MULTIPART).multipart()
        names = []
        while (part := await reader.next()) is not None:
            names.append(part.name)  # type: ignore[union-attr]  # no nested reader here
        assert names == ["a", "f"]

    run(main())


def test_a_form_belongs_to_methods_with_forms(run: Run) -> None:
    async def main() -> None:
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "GET", "OPTIONS"):
            fields = await request(b"a=1", FORM, method=method).post()
            assert bool(fields) == (method in BaseRequest.POST_METHODS), method

    run(main())


def test_what_is_left_of_a_body(run: Run) -> None:
    async def main() -> None:
        made = request(b"abc")
        assert made.body_exists
        assert made.can_read_body
        assert await made.content.read(1) == b"a"
        await made.release()
        assert not made.can_read_body
        assert made.body_exists
        empty = request(method="GET")
        assert not empty.body_exists
        assert not empty.can_read_body
        await empty.release()

    run(main())


def test_limits_are_values(run: Run) -> None:
    made = request()
    assert (made.client_max_size, made.client_max_fields) == (1024**2, 1000)


def test_trailers_come_behind_the_body(run: Run) -> None:
    async def main() -> None:
        body = RequestBody(None, 1000)
        head = request_head("POST", "/", "Transfer-Encoding: chunked\r\n")
        made = BaseRequest.received(head, body, FakeChannel(), CONNECTION)
        body.feed(b"abc")
        with pytest.raises(RuntimeError, match="read it first"):
            _ = made.trailers
        body.end()
        await made.read()
        assert not made.trailers

    run(main())


@pytest.mark.parametrize(("version", "sent"), [("1.1", [103, 102]), ("1.0", [])])
def test_informational_responses(run: Run, version: str, sent: list[int]) -> None:
    async def main() -> None:
        made = request(version=version)
        await made.send_informational(103, {"Link": "</a.css>"})
        await made.send_informational(102, [("X-A", "b")])
        assert isinstance(made.response_writer, FakeChannel)
        assert made.response_writer.informational == sent
        for status in (99, 101, 200):
            with pytest.raises(ValueError, match=f"{status} is not an informational status"):
                await made.send_informational(status)

    run(main())


def test_hooks(run: Run) -> None:
    calls: list[object] = []

    async def prepare(made: RequestHead, response: StreamResponse) -> None:
        calls.append((made, response))

    async def main() -> None:
        made, response = request(), Response()
        await made.on_prepare(response)
        assert calls == []
        made.hooks = RequestHooks(prepare)
        await made.on_prepare(response)
        assert calls == [(made, response)]
        # The exchange calls them in order.
        made.add_cleanup(lambda: calls.append(1))
        made.add_cleanup(lambda: calls.append(2))
        for cleanup in made.hooks.cleanups:
            cleanup()
        assert calls[1:] == [1, 2]
        other = request()
        other.add_cleanup(lambda: None)
        assert other.hooks is not None
        assert other.hooks.prepare is None

    run(main())


def test_state() -> None:
    made, key = request(), RequestKey("user", str)
    made[key] = "Ada"
    made["plain"] = 1
    assert made[key] == "Ada"
    assert set(made) == {key, "plain"}
    del made["plain"]
    assert len(made) == 1


def test_its_text_names_method_and_path() -> None:
    assert repr(request()) == "<BaseRequest POST /path >"


def test_no_member_is_forgotten() -> None:
    own = {name for name in vars(BaseRequest) if not name.startswith("_")}
    inherited = {name for name in dir(RequestContent) if not name.startswith("_")}
    assert not own & inherited
    assert own == {
        "access_log", "answer", "answer_fields", "began", "bind_task", "clone",
        "connection_info", "debug", "get_extra_info", "handler_advice", "handler_place",
        "head", "loop", "mapping_name", "message", "on_prepare", "protocol", "received",
        "response_writer",
        "route_template", "send_informational", "task", "transport", "wait_disconnected", "writer",
    }  # fmt: skip
