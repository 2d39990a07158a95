"""Reading answers: sized ones whole, others refused."""

import re

import pytest

from bench._answers import Answer, BadAnswer, check, split
from bench._workloads import WORKLOADS

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!"


def test_split_needs_every_byte_and_takes_no_more() -> None:
    for size in range(len(HELLO)):
        assert split(HELLO[:size]) is None
    assert split(HELLO + b"HTTP") == Answer(HELLO, 200, b"Hello, World!")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    ],
)
def test_answers_of_unknown_size_are_refused(head: bytes) -> None:
    with pytest.raises(BadAnswer, match="Content-Length fields"):
        split(head)


@pytest.mark.parametrize(
    ("name", "status", "body", "complaint"),
    [
        ("hello", 200, b"Hello, World!", None),
        ("hello", 200, b"Hello, world!", "a wrong body"),
        ("hello", 404, b"Hello, World!", "status 404"),
        ("json", 200, b'{"message":"Hello, World!"}', None),
        ("json", 200, b'{"message": "Hello, World!"}\n', None),
        ("json", 200, b"{}", "a wrong body"),
        ("json", 200, b"no JSON", "a wrong body"),
        ("path", 200, b"ada-lovelace", None),
        ("echo-1k", 200, b"", "a wrong body"),
    ],
)
def test_check(name: str, status: int, body: bytes, complaint: str | None) -> None:
    assert complaint_about(Answer(b"", status, body), name) == complaint


def complaint_about(answer: Answer, name: str) -> str | None:
    """Return the first words of the error, or None if the answer is accepted."""
    try:
        check(WORKLOADS[name], answer)
    except BadAnswer as error:
        return re.split("[:,] ", str(error))[1]
    return None
