"""The protocols can be satisfied from outside, by as little as they say."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from treadle_responses import Response, ResponseWriter
from treadle_responses._types import RequestFor


@pytest.mark.parametrize(
    ("protocol", "members"),
    [
        (ResponseWriter, {"write_head", "write", "write_eof"}),
        (
            RequestFor,
            {"method", "version", "keep_alive", "headers", "response_writer", "_prepare_hook"},
        ),
    ],
)
def test_members_are_pinned_and_documented(protocol: type, members: set[str]) -> None:
    own = {n: v for n, v in vars(protocol).items() if callable(v) or isinstance(v, property)}
    found = {n for n in own if not n.startswith("__")}
    assert found == members
    assert all(inspect.getdoc(own[name]) for name in members)


def test_the_order_of_calls(send: Callable[..., Any]) -> None:
    async def pieces() -> Any:
        yield b"a"
        yield b"b"

    whole = send(Response(text="x"))
    assert whole.calls == ["hook", "head", "eof"]
    assert whole.body_follows is True
    streamed = send(Response(body=pieces()))
    assert streamed.calls == ["hook", "head", "write", "write", "eof"]
    assert streamed.body_follows is False
    assert streamed.body == b"ab"
