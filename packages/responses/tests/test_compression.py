"""``enable_compression``: the choice, the fields of the head, and decoding."""

import concurrent.futures
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from multidict import CIMultiDict

from treadle_responses import ContentCoding, Response, StreamResponse, add_vary, is_compressed_type
from treadle_responses._compression import (
    MIN_SIZE,
    choose_coding,
    compression_options,
    depends_on_client,
)

Make = Callable[..., Any]
LONG = "what is said once is said again. " * 100
GZIP = {"Accept-Encoding": "gzip"}
PLAIN = "text/plain"


def compressed(text: str = LONG, **arguments: Any) -> Response:
    response = Response(text=text, **arguments)
    response.enable_compression()
    return response


@pytest.mark.parametrize(
    ("accept", "media_type", "size", "coding", "varies"),
    [
        ("gzip", PLAIN, 10_000, "gzip", True),
        ("gzip", PLAIN, None, "gzip", True),
        ("gzip", PLAIN, MIN_SIZE, "gzip", True),
        ("gzip", PLAIN, MIN_SIZE - 1, None, False),
        ("gzip", PLAIN, 0, None, False),
        ("deflate", PLAIN, 10_000, "deflate", True),
        ("gzip;q=0.5, deflate", PLAIN, 10_000, "deflate", True),
        ("deflate, gzip", PLAIN, 10_000, "gzip", True),
        ("xgzip", PLAIN, 10_000, None, True),
        ("gzip;q=0", PLAIN, 10_000, None, True),
        ("identity, gzip;q=0.5", PLAIN, 10_000, None, True),
        ("", PLAIN, 10_000, None, True),
        (None, PLAIN, 10_000, None, True),
        ("gzip", "application/json", 10_000, "gzip", True),
        ("gzip", "application/octet-stream", 10_000, "gzip", True),
        ("gzip", "image/svg+xml", 10_000, "gzip", True),
        ("gzip", "image/png", 10_000, None, False),
        ("gzip", "video/mp4", None, None, False),
        ("gzip", "application/zip", 10_000, None, False),
        ("gzip", "font/woff2", 10_000, None, False),
    ],
)
def test_choice(
    accept: str | None, media_type: str, size: int | None, coding: str | None, varies: bool
) -> None:
    options = compression_options(None, None)
    assert choose_coding(options, accept, media_type, size) == coding
    assert depends_on_client(options, media_type, size) is varies
    # A forced coding looks at none of it.
    forced = compression_options(ContentCoding.gzip, None)
    assert choose_coding(forced, accept, media_type, size) == "gzip"
    assert depends_on_client(forced, media_type, size) is False
    never = compression_options(ContentCoding.identity, None)
    assert choose_coding(never, accept, PLAIN, size) is None


def test_types_that_are_compressed() -> None:
    for media_type in ("image/jpeg", "audio/mpeg", "application/gzip", "application/pdf"):
        assert is_compressed_type(media_type)
    for media_type in ("text/html", "image/bmp", "audio/wav", "application/wasm", "font/ttf"):
        assert not is_compressed_type(media_type)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "Accept-Encoding"),
        ("", "Accept-Encoding"),
        ("Cookie", "Cookie, Accept-Encoding"),
        ("accept-encoding", "accept-encoding"),
        ("Cookie , ACCEPT-ENCODING", "Cookie , ACCEPT-ENCODING"),
        ("*", "*"),
    ],
)
def test_vary(before: str | None, after: str) -> None:
    headers: CIMultiDict[str] = CIMultiDict() if before is None else CIMultiDict(Vary=before)
    add_vary(headers, "Accept-Encoding")
    assert headers.getall("Vary") == [after]


def test_a_complete_body(send: Make) -> None:
    response = compressed(headers={"ETag": '"a"', "Vary": "Cookie"})
    assert response.compression is True
    assert response.as_single_write() is None
    wire = send(response, headers=GZIP)
    assert gzip.decompress(wire.body).decode() == LONG
    assert wire.get("Content-Encoding") == ["gzip"]
    assert wire.get("Content-Length") == [str(len(wire.body))]
    assert wire.get("Vary") == ["Cookie, Accept-Encoding"]
    assert wire.get("ETag") == ['W/"a"']
    assert response.text == LONG
    assert response.body_length == len(wire.body)


def test_nothing_is_done_unasked(send: Make) -> None:
    wire = send(Response(text=LONG), headers=GZIP)
    assert wire.body.decode() == LONG
    assert wire.get("Vary") == []


def test_a_client_that_takes_nothing(send: Make) -> None:
    wire = send(compressed(headers={"ETag": '"a"'}))
    assert wire.body.decode() == LONG
    assert wire.get("Content-Encoding") == []
    assert wire.get("Vary") == ["Accept-Encoding"]
    assert wire.get("ETag") == ['"a"']


def test_a_quoted_star_becomes_weak(send: Make) -> None:
    response = compressed(headers={"ETag": '"*"'})
    assert send(response, headers=GZIP).get("ETag") == ['W/"*"']


@pytest.mark.parametrize("etag", ['W/"a"', "*", "broken"])
def test_other_etags_stay(send: Make, etag: str) -> None:
    assert send(compressed(headers={"ETag": etag}), headers=GZIP).get("ETag") == [etag]


@pytest.mark.parametrize("headers", [{"Content-Encoding": "br"}, {"Content-Range": "bytes 0-1/2"}])
def test_encoded_and_partial_content_is_not_compressed(send: Make, headers: dict[str, str]) -> None:
    wire = send(compressed(headers=headers), headers=GZIP)
    assert wire.body.decode() == LONG
    assert wire.get("Vary") == []


def test_a_body_that_would_grow(send: Make) -> None:
    noise = zlib.compress(LONG.encode()) * 20
    noise = bytes(byte ^ (index * 151 + index // 7) & 255 for index, byte in enumerate(noise))
    response = Response(body=noise)
    response.enable_compression()
    wire = send(response, headers=GZIP)
    if len(wire.body) == len(noise):
        assert wire.body == noise
        assert wire.get("Content-Encoding") == []
    else:
        assert len(wire.body) < len(noise)
    assert wire.get("Vary") == ["Accept-Encoding"]
    forced = Response(body=b"x")
    forced.enable_compression(ContentCoding.gzip)
    wire = send(forced)
    assert gzip.decompress(wire.body) == b"x"
    assert wire.get("Vary") == []


def same_head(send: Make, make: Callable[[], StreamResponse]) -> None:
    """HEAD says what GET would say (RFC 9110 section 9.3.2)."""
    get, head = send(make(), headers=GZIP), send(make(), "HEAD", headers=GZIP)
    assert get.fields == head.fields
    assert head.body == b""


def test_head(send: Make) -> None:
    same_head(send, compressed)
    same_head(send, lambda: compressed("short"))

    def stream() -> StreamResponse:
        response = StreamResponse(headers={"Content-Length": "10000"})
        response.content_type = PLAIN
        response.enable_compression()
        return response

    same_head(send, stream)
    assert send(stream(), "HEAD", headers=GZIP).get("Content-Length") == []


def test_not_modified_has_the_tag_of_the_200(send: Make) -> None:
    response = Response(status=304, headers={"ETag": '"a"'})
    response.enable_compression()
    wire = send(response, headers=GZIP)
    assert wire.get("ETag") == send(compressed(headers={"ETag": '"a"'}), headers=GZIP).get("ETag")
    assert wire.get("Vary") == ["Accept-Encoding"]
    assert wire.get("Content-Encoding") == []


@pytest.mark.parametrize("status", [204, 205, 304])
def test_nothing_is_compressed_where_there_is_nothing(send: Make, status: int) -> None:
    response = Response(status=status)
    response.enable_compression(ContentCoding.gzip)
    wire = send(response, headers=GZIP)
    assert wire.body == b""
    assert wire.get("Content-Encoding") == []


def test_pieces(run: Make, ask: Make) -> None:
    request = ask(headers=GZIP)
    response = StreamResponse(headers={"Content-Type": PLAIN, "Content-Length": "6000"})
    response.enable_compression()
    run(response.prepare(request))
    decode = zlib.decompressobj(zlib.MAX_WBITS + 16).decompress
    read = 0
    for piece in (b"one", bytearray(b"two"), memoryview(b"three")):
        run(response.write(piece))
        # Each written piece has arrived: the compressor keeps none of it.
        assert decode(request.wire.body[read:]) == piece
        read = len(request.wire.body)
    run(response.write(b""))
    assert len(request.wire.body) == read
    run(response.write_eof(b"four"))
    assert decode(request.wire.body[read:]) == b"four"
    assert request.wire.get("Content-Length") == []
    assert response.body_length == len(request.wire.body)


def test_a_streamed_body(send: Make) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a" * 1000
        yield b"b" * 1000

    response = Response(body=pieces(), content_type=PLAIN)
    response.enable_compression()
    wire = send(response, headers=GZIP)
    assert gzip.decompress(wire.body) == b"a" * 1000 + b"b" * 1000
    assert wire.get("Content-Length") == []


def test_force_and_its_mistakes(send: Make, run: Make, ask: Make) -> None:
    for coding in (ContentCoding.gzip, ContentCoding.deflate):
        response = Response(text="x")
        response.enable_compression(coding, zlib.Z_HUFFMAN_ONLY)
        assert send(response).get("Content-Encoding") == [coding.value]
    response = Response(text=LONG)
    response.enable_compression(ContentCoding.identity)
    assert send(response, headers=GZIP).body.decode() == LONG
    mistakes: list[Any] = ["gzip", 1]
    for mistake in mistakes:
        for kind in (TypeError, AssertionError):
            with pytest.raises(kind, match="force is a ContentCoding or None"):
                Response().enable_compression(mistake)
    stream = StreamResponse()
    run(stream.prepare(ask()))
    stream.enable_compression()
    run(stream.write_eof(b"x"))
    assert stream.body_length == 1


@pytest.mark.parametrize(("force", "coding"), [(True, ["deflate"]), (False, None)])
def test_force_as_a_bool(send: Make, force: bool, coding: list[str] | None) -> None:
    response = Response(text=LONG)
    with pytest.warns(DeprecationWarning, match="boolean for force is deprecated") as warned:
        response.enable_compression(force)
    assert [warning.filename for warning in warned] == [__file__]
    assert send(response, headers=GZIP).get("Content-Encoding") == (coding or [])


def test_large_bodies_leave_the_event_loop(run: Make, ask: Make) -> None:
    calls: list[object] = []
    with concurrent.futures.ThreadPoolExecutor(1) as executor:

        async def run_blocking(call: Callable[[], object], given: object = None) -> object:
            calls.append(given)
            return executor.submit(call).result()

        cases: list[tuple[dict[str, Any], list[object]]] = [
            ({}, []),
            ({"zlib_executor_size": 100}, [None]),
            ({"zlib_executor_size": 100, "zlib_executor": executor}, [executor]),
        ]
        for arguments, expected in cases:
            request = ask(headers=GZIP)
            request.wire.run_blocking = run_blocking
            response = compressed(LONG, **arguments)
            run(response.prepare(request))
            run(response.write_eof())
            assert calls == expected
            assert gzip.decompress(request.wire.body).decode() == LONG
            calls.clear()
        request = ask(headers=GZIP)
        request.wire.run_blocking = run_blocking
        stream = StreamResponse()
        stream.enable_compression()
        run(stream.prepare(request))
        run(stream.write(b"x" * 4096))
        run(stream.write(b"x" * 4097))
        run(stream.write_eof(b"x" * 4097))
        assert calls == [None, None]
        assert gzip.decompress(request.wire.body) == b"x" * (4096 + 2 * 4097)
