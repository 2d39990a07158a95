"""Errors: exceptions for the caller's mistakes, events with fixed sentences for the peer's."""

import pytest

from treadle_http_parser import LocalProtocolError, ProtocolError, ServerConnection, _errors
from treadle_http_parser._errors import RefusedError

SENTENCES = {
    name: value
    for name, value in vars(_errors).items()
    if name.isupper() and isinstance(value, str)
}


def test_one_base() -> None:
    assert issubclass(LocalProtocolError, ProtocolError)
    # A refusal never leaves the package, so that its users need not know it.
    assert not issubclass(RefusedError, ProtocolError)


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences_are_sentences(name: str) -> None:
    sentence = SENTENCES[name]
    assert sentence.isascii()
    assert sentence.isprintable()
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert list(SENTENCES.values()).count(sentence) == 1


def test_refused_carries_the_facts() -> None:
    error = RefusedError(400, "Why.", "where")
    assert (error.status, error.reason, error.detail) == (400, "Why.", "where")


def test_refusals_become_events() -> None:
    connection = ServerConnection()
    (error,) = connection.receive_data(b"<script>\r\n\r\n")
    assert "script" not in repr(error)
    assert connection.peer_failed
