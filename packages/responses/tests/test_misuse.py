"""The errors that are an ``AssertionError`` too, at the calls for which aiohttp has one."""

from collections.abc import Callable
from typing import Any

import pytest

from treadle_responses import Response, StreamResponse

Make = Callable[..., Any]


@pytest.mark.parametrize("kind", [RuntimeError, AssertionError])
def test_calls_at_the_wrong_moment(run: Make, ask: Make, kind: type[Exception]) -> None:
    for response in (StreamResponse(), Response(body=b"x")):
        with pytest.raises(kind, match="Response has not been started"):
            run(response.write_eof())
        run(response.prepare(ask()))
        with pytest.raises(kind, match="Cannot change the response status code after the headers"):
            response.set_status(404)


@pytest.mark.parametrize("kind", [TypeError, AssertionError])
def test_arguments_of_a_wrong_type(run: Make, ask: Make, kind: type[Exception]) -> None:
    response, stream = Response(), StreamResponse()
    with pytest.raises(kind, match="text argument must be str"):
        response.text = b"x"  # type: ignore[assignment]  # the mistake under test
    with pytest.raises(kind, match="force is a ContentCoding"):
        stream.enable_compression("gzip")  # type: ignore[arg-type]  # the mistake under test
    for started in (response, stream):
        run(started.prepare(ask()))
    with pytest.raises(kind, match=r"data arg is not supported.*b'x'"):
        run(response.write_eof(b"x"))
    for call in (stream.write, stream.write_eof):
        with pytest.raises(kind, match="data argument must be byte-ish"):
            run(call("x"))  # type: ignore[arg-type]  # the mistake under test
