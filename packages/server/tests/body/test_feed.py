"""The fed side of a body: its end, its callbacks and its counts."""

import logging
from collections.abc import Callable

import pytest

from treadle_server._body.feed import BodyFeed


def feed() -> BodyFeed:
    return BodyFeed(None, 10, 5)


@pytest.mark.parametrize(
    ("finish", "called"),
    [
        (BodyFeed.end, ["first", "second"]),
        (lambda body: body.fail(ValueError()), []),
    ],
)
def test_callbacks_at_the_end(finish: Callable[[BodyFeed], None], called: list[str]) -> None:
    body, calls = feed(), list[str]()
    body.on_eof(lambda: calls.append("first"))
    body.on_eof(lambda: calls.append("second"))
    finish(body)
    assert calls == called


def test_a_callback_behind_the_end_is_called_at_once_and_may_fail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = feed()
    body.end()

    def broken() -> None:
        raise KeyError("x")

    with caplog.at_level(logging.ERROR):
        body.on_eof(broken)
    assert caplog.messages == ["Exception in eof callback"]


def test_only_a_coded_body_has_compressed_bytes() -> None:
    plain, coded = feed(), feed()
    coded.decode("gzip", 100)
    for body in (plain, coded):
        body.feed(b"abc")
    assert plain.total_compressed_bytes is None
    assert coded.total_compressed_bytes == coded.total_raw_bytes == 3
