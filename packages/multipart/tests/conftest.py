"""Fixtures of several test modules: feed a parser in pieces, run coroutines without a loop."""

from collections.abc import Awaitable, Callable, Iterable
from itertools import pairwise

import pytest

from treadle_multipart import (
    Event,
    Leniency,
    MultipartError,
    MultipartLimits,
    MultipartParser,
    PartData,
)

Outcome = list[Event] | str
Feed = Callable[..., Outcome]


def merged(events: Iterable[Event]) -> list[Event]:
    """Return the events with neighbouring ``PartData`` joined, so that cuts do not matter."""
    result: list[Event] = []
    for event in events:
        if isinstance(event, PartData) and result and isinstance(result[-1], PartData):
            result[-1] = PartData(result[-1].data + event.data)
        else:
            result.append(event)
    return result


def _feed(
    body: bytes,
    size: int = 0,
    *,
    boundary: bytes = b"x",
    limits: MultipartLimits = MultipartLimits(),  # noqa: B008
    strict: bool = True,
    accept: Iterable[Leniency] = (),
    cuts: Iterable[int] = (),
) -> Outcome:
    """Return the merged events of a body, or the name of its error class.

    The body is fed in pieces of ``size`` bytes (0: whole), or cut at ``cuts``.
    """
    places = [0, *cuts, len(body)] if cuts else [*range(0, len(body), size or len(body) or 1)]
    places = sorted({*places, len(body)})
    parser = MultipartParser(boundary, limits, strict=strict, accept=accept)
    events: list[Event] = []
    try:
        for start, end in pairwise(places):
            events += parser.receive_data(body[start:end])
        events += parser.receive_eof()
    except MultipartError as exc:
        return type(exc).__name__
    if any(event == PartData(b"") for event in events):
        return "an empty PartData"
    return merged(events)


@pytest.fixture(scope="session")
def feed() -> Feed:
    return _feed


def _run(awaitable: Awaitable[object]) -> object:
    """Drive a coroutine that never waits for anything: no event loop is needed to test it."""
    try:
        next(awaitable.__await__())
    except StopIteration as stop:
        value: object = stop.value
        return value
    raise AssertionError("the coroutine waits for something")


@pytest.fixture(scope="session")
def run() -> Callable[[Awaitable[object]], object]:
    return _run
