"""Events of an event stream, read back by the parser of the specification."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_responses import ServerSentEvent

KEEPALIVE = ServerSentEvent(comment="").encode()


@dataclass
class Stream:
    """The parsing of an event stream, step by step as in WHATWG HTML, section 9.2.6."""

    dispatched: list[tuple[str, str, str]] = field(default_factory=list)
    last_event_id: str = ""
    retry: int | None = None
    _data: str = ""
    _type: str = ""
    _id: str = ""

    def feed(self, stream: bytes) -> "Stream":
        """Read a whole stream; an event without an empty line behind it is dropped."""
        # "stream must be decoded using the UTF-8 decode algorithm", which strips one BOM.
        text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
        *lines, _rest = re.split(r"\r\n|\n|\r", text)
        for line in lines:
            if not line:
                self._dispatch()
            elif line.startswith(":"):
                continue
            elif ":" in line:
                name, _, value = line.partition(":")
                self._process(name, value.removeprefix(" "))
            else:
                self._process(line, "")
        return self

    def _process(self, name: str, value: str) -> None:
        if name == "event":
            self._type = value
        elif name == "data":
            self._data += value + "\n"
        elif name == "id":
            if "\0" not in value:
                self._id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            self.retry = int(value)

    def _dispatch(self) -> None:
        self.last_event_id = self._id
        if self._data:
            kind = self._type or "message"
            self.dispatched.append((kind, self._data.removesuffix("\n"), self._id))
        self._data = self._type = ""


# An event, and its bytes.
ENCODED: list[tuple[ServerSentEvent, bytes]] = [
    (ServerSentEvent("a"), b"data: a\n\n"),
    (ServerSentEvent(""), b"data: \n\n"),
    (ServerSentEvent(" a"), b"data:  a\n\n"),
    (ServerSentEvent(":a"), b"data: :a\n\n"),
    (ServerSentEvent("a\nb"), b"data: a\ndata: b\n\n"),
    (ServerSentEvent("a\r\nb\rc\n"), b"data: a\ndata: b\ndata: c\ndata: \n\n"),
    (ServerSentEvent("\n\r"), b"data: \ndata: \ndata: \n\n"),
    # Ends of lines for ``str.splitlines``, not for an event stream.
    (
        ServerSentEvent("\x0b\x0c\x1c\x85\u2028\u2029"),
        b"data: \x0b\x0c\x1c\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\n\n",
    ),
    (ServerSentEvent("\0"), b"data: \0\n\n"),
    (ServerSentEvent("é\ufeff"), "data: é\ufeff\n\n".encode()),
    (ServerSentEvent("a", event="b", id="c", retry=0), b"event: b\nid: c\nretry: 0\ndata: a\n\n"),
    (ServerSentEvent(event="b"), b"event: b\n\n"),
    (ServerSentEvent(id=""), b"id: \n\n"),
    (ServerSentEvent(retry=3000), b"retry: 3000\n\n"),
    (ServerSentEvent(comment="a\nb"), b": a\n: b\n\n"),
    (ServerSentEvent(comment=""), b": \n\n"),
    (ServerSentEvent("a", comment="data: b"), b": data: b\ndata: a\n\n"),
    (ServerSentEvent.from_json({"a": [1, None]}), b'data: {"a": [1, null]}\n\n'),
    (
        ServerSentEvent.from_json("\n", id="1", event="e", retry=1),
        b'event: e\nid: 1\nretry: 1\ndata: "\\n"\n\n',
    ),
    (ServerSentEvent.from_json(3, dumps=lambda value: f"<\n{value}>"), b"data: <\ndata: 3>\n\n"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "encoded"), ENCODED)
def test_encoding(event: ServerSentEvent, encoded: bytes) -> None:
    assert event.encode() == encoded
    # Once, for any number of streams.
    assert event.encode() is event.encode()


# Keyword arguments, the error and a part of its sentence.
REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, ValueError, "An event has at least one of data, event, id, retry and comment"),
    ({"data": {"a": 1}}, TypeError, "data is a str, not dict: use ServerSentEvent.from_json()"),
    ({"data": b"a"}, TypeError, "data is a str, not bytes"),
    ({"event": 1}, TypeError, "event is a str, not int"),
    ({"id": 1}, TypeError, "id is a str, not int"),
    ({"comment": b""}, TypeError, "comment is a str, not bytes"),
    ({"event": "a\nb"}, ValueError, "event must be one line, not 'a\\nb'"),
    ({"event": "a\r"}, ValueError, "event must be one line"),
    ({"id": "a\nb"}, ValueError, "id must be one line without NUL, not 'a\\nb'"),
    ({"id": "\r"}, ValueError, "id must be one line without NUL"),
    ({"id": "a\0"}, ValueError, "id must be one line without NUL"),
    ({"id": "a" * 5000 + "\n"}, ValueError, "... (5001 characters)"),
    ({"retry": -1}, ValueError, "retry must be at least 0 milliseconds, not -1"),
    ({"retry": 1.5}, TypeError, "retry is an int of milliseconds, not 1.5"),
    ({"retry": True}, TypeError, "retry is an int of milliseconds, not True"),
    ({"retry": "3"}, TypeError, "retry is an int of milliseconds, not '3'"),
    ({"data": "\ud800"}, ValueError, "surrogates not allowed"),
]


@pytest.mark.parametrize(("given", "error", "sentence"), REFUSED)
def test_refusals(given: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        ServerSentEvent(**given)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 300


_texts = st.text(st.characters(exclude_categories=["Cs"]))
_mixed = st.one_of(_texts, st.text("a: \r\n\0\ufeff", max_size=8))
_lines = _mixed.filter(lambda text: not re.search(r"[\r\n]", text))
_events = st.builds(
    ServerSentEvent,
    data=_mixed,
    event=st.none() | _lines,
    id=st.none() | _lines.filter(lambda text: "\0" not in text),
    retry=st.none() | st.integers(0, 10**30),
    comment=st.none() | _mixed,
)


@given(st.lists(_events, max_size=5))
def test_what_is_sent_is_what_a_client_reads(events: list[ServerSentEvent]) -> None:
    stream = Stream().feed(KEEPALIVE.join(event.encode() for event in events))
    last_id = ""
    expected = []
    for event in events:
        last_id = last_id if event.id is None else event.id
        data = "\n".join(re.split("\r\n|\r|\n", event.data or ""))
        expected.append((event.event or "message", data, last_id))
    assert stream.dispatched == expected
    assert stream.last_event_id == last_id
    retries = [event.retry for event in events if event.retry is not None]
    assert stream.retry == (retries[-1] if retries else None)


@given(st.builds(ServerSentEvent, comment=_mixed), _events)
def test_comments_dispatch_nothing(comment: ServerSentEvent, event: ServerSentEvent) -> None:
    alone = Stream().feed(comment.encode() + KEEPALIVE)
    assert alone == Stream()
    assert len(Stream().feed(comment.encode() + event.encode()).dispatched) == 1


def test_an_event_without_data_changes_the_state_only() -> None:
    stream = Stream().feed(ServerSentEvent(id="7", retry=5).encode())
    assert (stream.dispatched, stream.last_event_id, stream.retry) == ([], "7", 5)


def test_events_are_values() -> None:
    event = ServerSentEvent("a", id="1")
    assert event == ServerSentEvent("a", id="1")
    assert hash(event) == hash(ServerSentEvent("a", id="1"))
    assert event != ServerSentEvent("a")
    assert repr(ServerSentEvent("a")) == (
        "ServerSentEvent(data='a', event=None, id=None, retry=None, comment=None)"
    )
