"""Bodies as a whole, as text, as JSON: values, and the answers to bodies that are not."""

import encodings
import json

import pytest

from testkit import run_on
from treadle_responses import (
    HTTPBadRequest,
    HTTPException,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
)
from treadle_server._body.access import decode_text, join_pieces, load_json, pieces_of
from treadle_server._body.stream import RequestBody

run = run_on("asyncio")

CHARSET = "415: The body's charset"
NOT_SUPPORTED = "is not a supported charset; send utf-8"


def fed(*pieces: bytes) -> RequestBody:
    reader = RequestBody(None, 1000)
    for piece in pieces:
        reader.feed(piece)
    reader.end()
    return reader


@pytest.mark.parametrize(("limit", "announced"), [(0, None), (6, None), (6, 6), (0, 10**9)])
def test_pieces_are_joined(limit: int, announced: int | None) -> None:
    async def main() -> None:
        assert await join_pieces(fed(b"abc", b"def"), announced, limit) == b"abcdef"

    run(main())


@pytest.mark.parametrize(("announced", "actual"), [(None, 6), (7, 7)])
def test_too_many_bytes(announced: int | None, actual: int) -> None:
    async def main() -> None:
        with pytest.raises(HTTPRequestEntityTooLarge) as caught:
            await join_pieces(fed(b"abc", b"def"), announced, 5)
        assert str(actual) in str(caught.value.text)

    run(main())


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        (b"", None, ""),
        ("grüß".encode(), None, "grüß"),
        ("grüß".encode(), "UTF-8", "grüß"),
        ("grüß".encode("latin-1"), "latin-1", "grüß"),
        ("grüß".encode("cp850"), "IBM850", "grüß"),
        ("grüß".encode(), "", "grüß"),
        ("\ufeffa".encode(), "utf-8", "\ufeffa"),
    ],
)
def test_text(body: bytes, charset: str | None, text: str) -> None:
    assert decode_text(body, charset) == text


@pytest.mark.parametrize(
    ("body", "charset", "error", "message"),
    [
        (b"\xff", None, HTTPBadRequest, "400: The body is not valid utf-8 (byte 0)"),
        (b"ab\xff", "utf-8", HTTPBadRequest, "400: The body is not valid utf-8 (byte 2)"),
        (b"", "no-such", HTTPUnsupportedMediaType, f"{CHARSET} 'no-such' {NOT_SUPPORTED}"),
        (b"", "hex", HTTPUnsupportedMediaType, f"{CHARSET} 'hex' {NOT_SUPPORTED}"),
        (b"", "punycode", HTTPUnsupportedMediaType, f"{CHARSET} 'punycode' {NOT_SUPPORTED}"),
        (b"", "utf-7", HTTPUnsupportedMediaType, f"{CHARSET} 'utf-7' {NOT_SUPPORTED}"),
        (b"", "a\0b", HTTPUnsupportedMediaType, rf"{CHARSET} 'a\x00b' {NOT_SUPPORTED}"),
        (b"", "x" * 99, HTTPUnsupportedMediaType, f"{CHARSET} '{'x' * 31}' {NOT_SUPPORTED}"),
    ],
)
def test_bytes_that_are_no_text(
    body: bytes, charset: str | None, error: type[HTTPException], message: str
) -> None:
    with pytest.raises(error) as caught:
        decode_text(body, charset)
    assert caught.value.text == message
    # As without this package: a codec's error, or that there is no codec.
    builtin = UnicodeDecodeError if error is HTTPBadRequest else LookupError
    assert isinstance(caught.value, builtin)
    assert isinstance(caught.value, ValueError)


def test_json() -> None:
    assert load_json('{"a": [1]}', json.loads) == {"a": [1]}
    assert load_json("7", lambda text: text * 2) == "77"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "line 1, column 2"),
        ("", "line 1, column 1"),
        ('{"a":\n nix}', "line 2, column 2"),
        ("[" * 100_000, "400: The body is not valid JSON"),
    ],
    ids=["brace", "empty", "word", "deep"],
)
def test_text_that_is_no_json(text: str, message: str) -> None:
    with pytest.raises(HTTPBadRequest) as caught:
        load_json(text, json.loads)
    assert message in str(caught.value.text)
    assert isinstance(caught.value, json.JSONDecodeError)
    assert caught.value.doc == text


def test_the_error_of_text_says_what_a_codec_says() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        decode_text(b"ab\xffc", None)
    error = caught.value
    assert (error.encoding, error.object, error.start, error.end) == ("utf-8", b"ab\xffc", 2, 3)
    assert str(error) == "'utf-8' codec can't decode byte 0xff in position 2: invalid start byte"


def test_labels_of_strangers_reach_no_codec() -> None:
    cache: dict[str, object] = vars(encodings)["_cache"]
    decode_text(b"", "latin-1")
    before = len(cache)
    for number in range(100):
        with pytest.raises(LookupError):
            decode_text(b"", f"unknown-{number}")
        assert decode_text(b"a", "latin" + "-" * (number % 20) + "1") == "a"
    assert len(cache) == before


def test_pieces_from_the_stream_or_from_memory() -> None:
    async def main() -> None:
        read = pieces_of(fed(b"abc"), None)
        assert [await read(), await read()] == [b"abc", b""]
        read = pieces_of(fed(), b"xyz")
        assert [await read(), await read()] == [b"xyz", b""]

    run(main())
