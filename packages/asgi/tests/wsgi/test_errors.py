"""``wsgi.errors``: text in, records out."""

import logging

import pytest

from treadle_asgi._wsgi.errors import ErrorStream

CASES = [
    (["a line\n"], ["a line"]),
    (["one\ntwo\n"], ["one", "two"]),
    (["o", "n", "e\n"], ["one"]),
    (["without an end"], ["without an end"]),
    (["\n", " \n"], []),
    (["windows\r\n"], ["windows"]),
    (["forged \x1b[31m\x00\n"], ["forged \\x1b[31m\\x00"]),
    (["x" * 20_000], ["x" * 16_384, "x" * 3_616]),
    ([f"{'y' * 1000}\n"], ["y" * 1000]),
]


@pytest.mark.parametrize(("writes", "lines"), CASES)
def test_lines(writes: list[str], lines: list[str], caplog: pytest.LogCaptureFixture) -> None:
    stream = ErrorStream()
    assert [stream.write(text) for text in writes] == [len(text) for text in writes]
    stream.flush()
    stream.flush()
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, line) for line in lines
    ]


def test_writelines(caplog: pytest.LogCaptureFixture) -> None:
    ErrorStream().writelines(["a\n", "b\n", "c"])
    assert caplog.messages == ["a", "b"]


def test_bytes_are_refused() -> None:
    wrong: object = b"a"
    with pytest.raises(TypeError, match="takes str, not bytes: decode it"):
        ErrorStream().write(wrong)  # type: ignore[arg-type]  # the mistake
