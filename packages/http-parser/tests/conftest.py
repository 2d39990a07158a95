"""Fixtures of the test modules: reading bytes in every way, and measuring growth."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest

from testkit import growth
from treadle_http_parser import (
    DEFAULT_LIMITS,
    Data,
    EndOfMessage,
    Error,
    Event,
    Limits,
    Request,
    ServerConnection,
)

Outcome = list[tuple[object, ...]]

#: Up to this size a case is cut in two at every place.
SHORT = 400


def _note(outcome: Outcome, event: Event) -> None:
    assert isinstance(event, (Request, Data, EndOfMessage, Error))
    assert outcome[-1:] == [] or outcome[-1][0] != "error", "nothing may follow an Error"
    if isinstance(event, Request):
        outcome.append(
            ("request", event.method, event.target, event.authority, event.version, event.fields)
        )
    elif isinstance(event, Data):
        assert event.data
        assert isinstance(event.data, bytes)
        last = outcome[-1]
        if last[0] == "data" and not last[2]:
            data = last[1]
            assert isinstance(data, bytes)
            outcome[-1] = ("data", data + event.data, event.chunk_end)
        else:
            outcome.append(("data", event.data, event.chunk_end))
    elif isinstance(event, EndOfMessage):
        outcome.append(("end", event.trailers))
    else:
        outcome.append(("error", event.status, event.reason))


def _read(data: bytes, cuts: Iterable[int] = (), limits: Limits = DEFAULT_LIMITS) -> Outcome:
    """Answer each request; return the events as tuples, with the pieces of a chunk joined."""
    connection = ServerConnection(limits)
    outcome: Outcome = []
    for start, end in pairwise([0, *cuts, len(data)]):
        piece = data[start:end]
        while True:
            events = connection.receive_data(piece)
            piece = b""
            for event in events:
                _note(outcome, event)
                if isinstance(event, EndOfMessage):
                    connection.send_head(204)
                    connection.send_end()
            if not events or connection.must_close or not connection.has_pending:
                break
    return outcome


def _iterate(data: bytes, cuts: Iterable[int] = (), limits: Limits = DEFAULT_LIMITS) -> Outcome:
    """Return the same as ``_read``, by way of ``receive``."""
    connection = ServerConnection(limits)
    outcome: Outcome = []
    for start, end in pairwise([0, *cuts, len(data)]):
        for event in connection.receive(data[start:end]) if data else ():
            _note(outcome, event)
            if isinstance(event, EndOfMessage):
                connection.send_head(204)
                connection.send_end()
    return outcome


@pytest.fixture(scope="session")
def read() -> Callable[..., Outcome]:
    return _read


@pytest.fixture(scope="session")
def read_every_way() -> Callable[..., Outcome]:
    def read_every_way(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Outcome:
        whole = _read(data, (), limits)
        assert _read(data, range(1, len(data)), limits) == whole, "read byte by byte"
        assert _iterate(data, (), limits) == whole, "iterated"
        assert _iterate(data, range(1, len(data)), limits) == whole, "iterated byte by byte"
        if len(data) <= SHORT:
            for cut in range(1, len(data)):
                assert _read(data, (cut,), limits) == whole, f"cut at {cut}"
        return whole

    return read_every_way


@pytest.fixture(scope="session", name="growth")
def growth_of_a_call() -> Callable[[Callable[[int], Callable[[], object]], int], float]:
    return growth
