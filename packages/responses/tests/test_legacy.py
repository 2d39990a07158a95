"""``drain`` and ``output_length``, as code for older versions of aiohttp calls them."""

from collections.abc import Callable
from typing import Any

import pytest

from treadle_responses import Response, StreamResponse

Make = Callable[..., Any]


def test_while_it_is_sent(run: Make, ask: Make) -> None:
    request = ask()
    drained = []

    async def drain() -> None:
        drained.append(True)

    response = StreamResponse()
    run(response.prepare(request))
    run(response.write(b"abc"))
    with pytest.warns(DeprecationWarning, match="drain method is deprecated") as warned:
        run(response.drain())
    assert len(warned) == 1
    response._payload_writer.drain = drain  # type: ignore[union-attr]  # as a writer that waits
    with pytest.warns(DeprecationWarning, match="drain method is deprecated"):
        run(response.drain())
    assert drained == [True]
    with pytest.warns(DeprecationWarning, match="output_length is deprecated") as warned:
        assert response.output_length == 3
    assert [warning.filename for warning in warned] == [__file__]
    response._payload_writer.buffer_size = 5  # type: ignore[union-attr]  # as a writer that counts
    with pytest.warns(DeprecationWarning, match="output_length is deprecated"):
        assert response.output_length == 5


@pytest.mark.parametrize("make", [StreamResponse, Response])
def test_before_and_behind(run: Make, ask: Make, make: Callable[[], StreamResponse]) -> None:
    response = make()
    for moment in ("before", "behind"):
        with pytest.raises(AssertionError, match="has not been started"):
            run(response.drain())
        with (
            pytest.raises(AssertionError, match="while the response is sent"),
            pytest.warns(DeprecationWarning, match="output_length"),
        ):
            _ = response.output_length
        assert response._payload_writer is None
        assert response._req is None
        if moment == "before":
            run(response.prepare(ask()))
            run(response.write_eof())


def test_the_names_that_subclasses_use(run: Make, ask: Make) -> None:
    """An event source reads the request and the writer of the response that it is."""
    request = ask()
    response = StreamResponse()
    writer = run(response.prepare(request))
    assert response._req is request
    assert response._payload_writer is writer
    response.enable_chunked_encoding()
