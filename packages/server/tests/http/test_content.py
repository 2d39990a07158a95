"""The body of a request that was made by hand; ``test_request`` has those of connections."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from testkit import Run, fed_body, request_by_hand
from treadle_responses import HTTPRequestEntityTooLarge
from treadle_server import EMPTY_PAYLOAD, BaseRequest
from treadle_server._http.content import RequestContent


def test_names_that_are_deprecated(run: Run) -> None:
    async def main() -> None:
        made = request_by_hand(payload=fed_body(b"x"))
        with pytest.warns(DeprecationWarning, match=r"^request\.loop property is deprecated$"):
            assert made.loop is asyncio.get_running_loop()
        with pytest.warns(DeprecationWarning, match=r"^Request\.message is deprecated$"):
            assert made.message is made._message
        with pytest.warns(DeprecationWarning, match="has_body is deprecated: use can_read_body"):
            assert made.has_body

    run(main())


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {"Content-Type": "multipart/form-data; boundary=B"}
PART = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'


@pytest.mark.parametrize(
    ("headers", "content", "options", "read", "value"),
    [
        ({}, b"abc", {}, BaseRequest.read, b"abc"),
        ({}, b"abc", {}, BaseRequest.text, "abc"),
        ({}, b"[1]", {}, BaseRequest.json, [1]),
        (FORM, b"a=1", {}, BaseRequest.post, {"a": "1"}),
        (FORM, b"a=1", {"client_max_fields": -1}, BaseRequest.post, {"a": "1"}),
        (PARTS, PART, {}, BaseRequest.post, {"a": "1"}),
        (PARTS, PART, {"client_max_fields": -1}, BaseRequest.post, {"a": "1"}),
        ({}, b"abc", {}, BaseRequest.release, None),
        ({}, None, {}, BaseRequest.read, b""),
    ],
)
def test_bodies(
    run: Run,
    headers: dict[str, str],
    content: bytes | None,
    options: dict[str, Any],
    read: Callable[..., Any],
    value: object,
) -> None:
    async def main() -> None:
        payload = EMPTY_PAYLOAD if content is None else fed_body(content)
        request = request_by_hand("POST", "/", headers, payload, **options)
        assert isinstance(request, RequestContent)
        assert await read(request) == value
        assert not request.can_read_body

    run(main())


def test_a_body_that_is_too_large(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(HTTPRequestEntityTooLarge):
            await request_by_hand("POST", payload=fed_body(b"abc"), client_max_size=2).read()

    run(main())
