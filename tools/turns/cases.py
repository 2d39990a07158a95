"""The table: each row is a kind of hostile input for one parser, of any size.

A row makes a call for a size in bytes. ``READS`` are calls that the server makes in one turn of the
loop, for one read: their cost is bounded. ``MESSAGES`` are whole messages in pieces, ``FIELDS`` the
parsers of field values and ``PATHS`` the matching of paths: the growth of their cost is bounded.
"""

import asyncio
import base64
import contextlib
import itertools
import random
import urllib.parse
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from fuzz._loop import MemoryLoop, MemoryTransport
from fuzz.targets import TARGETS
from treadle_channels._core.cursor import unpack_cursor
from treadle_http_parser import ContentDecoder, ContentEncodingError, ServerConnection
from treadle_http_parser import fields as parser_fields
from treadle_multipart import (
    FormParser,
    MultipartError,
    MultipartLimits,
    MultipartParser,
    PartDecoder,
    PartScanner,
    parse_content_disposition,
    parse_options_header,
    parse_urlencoded,
    safe_filename,
)
from treadle_responses import ETag, Response, acceptable_codings, evaluate, parse_range
from treadle_router import Router
from treadle_server import BaseRequest, Server, TrustedProxies
from treadle_server._core.trusted_proxies import ForwardedFamily
from treadle_server._core.types import ConnectionInfo
from treadle_server._http.forwarded import ForwardedReader
from treadle_websocket import (
    AllowedOrigins,
    PerMessageDeflate,
    ServerHandshake,
    SessionSettings,
    WebSocketSession,
)

__all__ = [
    "FIELDS", "KEPT", "MESSAGES", "PATHS", "PIPELINES", "READS", "Make", "Work", "attempt",
    "field_values",
]  # fmt: skip

#: The call whose cost is looked at.
Work = Callable[[], object]
#: Prepares a call for an input of a size.
Make = Callable[[int], Work]

_NO_LIMITS: Final = MultipartLimits.unlimited()


def _repeat(unit: bytes, size: int) -> bytes:
    return (unit * (size // len(unit) + 1))[:size]


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


# HTTP.


def _head(end: bytes = b"\r\n") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\n" + end


def _http(pieces: Iterable[bytes]) -> Work:
    """Give pieces to a connection, and answer the requests among them."""
    connection = ServerConnection()
    pieces = list(pieces)

    def work() -> None:
        for piece in pieces:
            events = connection.receive_data(piece)
            while events and not connection.must_close:
                if type(events[-1]).__name__ == "EndOfMessage":
                    connection.send_head(200, [("Content-Length", "0")])
                    connection.send_end()
                events = connection.receive_data(b"")

    return work


def _chunks(unit: bytes) -> Make:
    """Give chunks to a connection with the server's bound for one call."""
    start = _head(b"Transfer-Encoding: chunked\r\n\r\n")
    return lambda size: partial(
        ServerConnection(max_chunks=1024).receive_data, start + _repeat(unit, size)
    )


def _in_memory(data: bytes) -> Work:
    """Give bytes to a whole server in one read."""
    loop = MemoryLoop()

    async def hello(request: BaseRequest) -> Response:
        del request
        return Response(text="hello")

    async def connect() -> asyncio.Protocol:
        protocol = Server(hello)()
        MemoryTransport(loop, protocol)
        return protocol

    protocol = loop.run_until_complete(connect())

    async def read() -> None:
        protocol.data_received(data)

    return lambda: loop.run_until_complete(read())


# Bodies.


def _decode(coding: str, data: bytes, piece: int = 16 * 1024) -> Work:
    def work() -> None:
        decoder = ContentDecoder(coding)
        try:
            for part in _cut(data, piece):
                decoder.feed(part)
                while decoder.read(64 * 1024):
                    pass
        except ContentEncodingError:
            pass

    return work


def _deflated(size: int, wbits: int = 15) -> bytes:
    """Return DEFLATE data of about ``size`` bytes that inflates a thousandfold."""
    context = zlib.compressobj(9, wbits=wbits)
    return context.compress(bytes(size * 1000)) + context.flush()


def _multipart(data: bytes, piece: int = 64 * 1024, limits: MultipartLimits = _NO_LIMITS) -> Work:
    def work() -> None:
        parser = MultipartParser("B", limits=limits, strict=False)
        try:
            for part in _cut(data, piece):
                parser.receive_data(part)
            parser.receive_eof()
        except MultipartError:
            pass

    return work


def _scan(data: bytes, piece: int) -> Work:
    def work() -> None:
        scanner = PartScanner("B")
        for part in _cut(data, piece):
            if scanner.rest is None:
                scanner.receive_data(part)

    return work


def _form(content_type: str, data: bytes, piece: int = 64 * 1024) -> Work:
    def work() -> None:
        parser = FormParser(content_type, limits=_NO_LIMITS)
        try:
            for part in _cut(data, piece):
                parser.receive_data(part)
            parser.receive_eof().close()
        except MultipartError:
            parser.close()

    return work


def _part_decoder(coding: str, data: bytes, piece: int) -> Work:
    def work() -> None:
        decoder = PartDecoder(coding)
        try:
            for part in _cut(data, piece):
                for _ in decoder.decode(part):
                    pass
        except MultipartError:
            pass

    return work


_PART: Final = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
_URLENCODED: Final = "application/x-www-form-urlencoded"


# WebSockets.


def _frame(head: int, payload: bytes = b"") -> bytes:
    size = len(payload)
    form = bytes([128 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([head]) + form + bytes(4) + payload


def _websocket(pieces: list[bytes], *, deflate: bool = False) -> Work:
    session = WebSocketSession(SessionSettings(), deflate=PerMessageDeflate() if deflate else None)

    def work() -> None:
        for piece in pieces:
            session.receive_data(piece)
            session.data_to_send()

    return work


def _frames(unit: bytes, start: bytes = b"", *, deflate: bool = False) -> Make:
    """Return whole frames in one read."""
    return lambda size: _websocket([start + unit * max(1, size // len(unit))], deflate=deflate)


def _inflating(size: int) -> bytes:
    return _deflated(size, -15)


#: One read of the server each. A session gets 64 KiB of frames, 4 KiB of compressed ones.
READS: Final[dict[str, tuple[int, Make]]] = {
    "head without end": (65_536, lambda size: _http([_repeat(b"x", size)])),
    "head of colons": (65_536, lambda size: _http([_head(_repeat(b"a:b\r\n", size))])),
    "head of blanks": (65_536, lambda size: _http([_head(b"a:" + _repeat(b" \t", size))])),
    "head of line ends": (65_536, lambda size: _http([_repeat(b"\r\n", size)])),
    "chunks of one byte": (262_144, _chunks(b"1\r\na\r\n")),
    "chunks with extensions": (262_144, _chunks(b"1;a=b\r\na\r\n")),
    "chunk size without end": (262_144, _chunks(b"0")),
    "trailers": (65_536, _chunks(b"0\r\na: b\r\n")),
    "multipart parts": (
        262_144,
        lambda size: _multipart(_repeat(_PART + b"\r\n", size), size, MultipartLimits()),
    ),
    "multipart data of line ends": (
        262_144, lambda size: _multipart(_PART + _repeat(b"\r\n", size)),
    ),
    "multipart data of dashes": (
        262_144, lambda size: _multipart(_PART + _repeat(b"\r\n--", size)),
    ),
    "multipart near boundaries": (
        262_144, lambda size: _multipart(_PART + _repeat(b"\r\n--BB", size)),
    ),
    "multipart preamble": (262_144, lambda size: _multipart(_repeat(b"\r\n--A", size))),
    "urlencoded pairs": (65_536, lambda size: partial(_pairs, _repeat(b"a=b&", size))),
    "urlencoded escapes": (262_144, lambda size: partial(_pairs, b"a=" + _repeat(b"%41", size))),
    "websocket empty messages": (65_536, _frames(_frame(0x82))),
    "websocket messages of a byte": (65_536, _frames(_frame(0x81, b"a"))),
    "websocket fragments of a byte": (65_536, _frames(_frame(0x00, b"a"), _frame(0x01, b"a"))),
    "websocket empty fragments": (65_536, _frames(_frame(0x00), _frame(0x01, b"a"))),
    "websocket pings": (65_536, _frames(_frame(0x89))),
    "websocket inflating text": (
        4_096, lambda size: _websocket([_frame(0xC1, _inflating(size)[:size])], deflate=True),
    ),
    "websocket deflated fragments": (
        4_096, _frames(_frame(0x00, b"\x00"), _frame(0x41, b"\x00"), deflate=True),
    ),
    "inflating body": (4_096, lambda size: partial(_read_once, _deflated(size))),
}  # fmt: skip


def _pairs(data: bytes) -> None:
    with contextlib.suppress(MultipartError):
        parse_urlencoded(data)


def _read_once(data: bytes) -> None:
    """Decode a step of a body: the server decodes as its handler reads, 64 KiB at a time."""
    decoder = ContentDecoder("deflate")
    decoder.feed(data)
    decoder.read(64 * 1024)


def _base64_of(size: int) -> bytes:
    return base64.b64encode(bytes(size * 3 // 4))


#: Whole messages, in one piece or many.
MESSAGES: Final[dict[str, Make]] = {
    "head by bytes": lambda size: _http(_cut(_head(b"a: " + _repeat(b"b", size // 8)), 1)),
    "fields by bytes": lambda size: _http(
        _cut(_head(_repeat(b"a: " + b"b" * 500 + b"\r\n", size // 8)), 1)
    ),
    "line ends by bytes": lambda size: _http(_cut(_repeat(b"\r\n", size // 8), 1)),
    "chunks by bytes": lambda size: _http(
        _cut(_head(b"Transfer-Encoding: chunked\r\n\r\n") + _repeat(b"1\r\na\r\n", size // 4), 1)
    ),
    "sized body by bytes": lambda size: _http(
        _cut(_head(b"Content-Length: %d\r\n\r\n" % size) + bytes(size // 4), 1)
    ),
    "pipeline": lambda size: _http([_repeat(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", size)]),
    "pipeline of bodies": lambda size: _http(
        [_repeat(_head(b"Content-Length: 1\r\n\r\nx"), size)]
    ),
    **{
        f"multipart {name} by {piece}": partial(
            lambda unit, piece, size: _multipart(_PART + _repeat(unit, size // 4), piece),
            unit, piece,
        )
        for name, unit in {
            "line ends": b"\r\n", "returns": b"\r", "dashes": b"\r\n--", "near": b"\r\n--B",
            "blanks": b"\r\n--B ", "parts": b"\r\n" + _PART, "zeros": b"\0",
        }.items()
        for piece in (1, 7, 64 * 1024)
    },
    **{
        f"part alone of {name} by {piece}": partial(
            lambda unit, piece, size: _scan(_repeat(unit, size // 4), piece), unit, piece,
        )
        for name, unit in {"dashes": b"\r\n--", "near": b"\r\n--BB", "blanks": b"\r\n--B x"}.items()
        for piece in (1, 7, 64 * 1024)
    },
    "multipart header by bytes": lambda size: _multipart(
        b"--B\r\nA: " + _repeat(b"x", size // 8), 1
    ),
    "multipart headers": lambda size: _multipart(b"--B\r\n" + _repeat(b"a: b\r\n", size)),
    "multipart folds": lambda size: _multipart(b"--B\r\nA: b" + _repeat(b"\r\n b", size)),
    **{
        f"{coding} of {name} by {piece}": partial(
            lambda coding, unit, piece, size: _part_decoder(
                coding, b"A" + _repeat(unit, size // 4), piece
            ),
            coding, unit, piece,
        )
        for coding in ("base64", "quoted-printable")
        for name, unit in {
            "blanks": b" ", "line ends": b"\r\n", "equals": b"=", "letters": b"QUFB",
            "soft": b"=\n", "escapes": b"=41", "blanks and ends": b" \n", "junk": b"\xff",
        }.items()
        for piece in (1, 16 * 1024)
    },
    "form of base64": lambda size: _form(
        "multipart/form-data; boundary=B",
        _PART[:-2] + b"Content-Transfer-Encoding: base64\r\n\r\n" + _base64_of(size),
    ),
    "form of fields": lambda size: _form(
        "multipart/form-data; boundary=B", _repeat(_PART + b"\r\n", size)
    ),
    **{
        f"urlencoded {name} by {piece}": partial(
            lambda unit, piece, size: _form(_URLENCODED, _repeat(unit, size // 4), piece),
            unit, piece,
        )
        for name, unit in {
            "pairs": b"a=b&", "ampersands": b"&", "equals": b"=", "escapes": b"%41",
            "percents": b"%", "pluses": b"+", "high": b"%ff", "name": b"a", "raw": b"\xff",
        }.items()
        for piece in (1, 64 * 1024)
    },
    **{
        f"{coding} {name} by {piece}": partial(
            lambda coding, data, piece, size: _decode(coding, data(size), piece),
            coding, data, piece,
        )
        for coding in ("gzip", "deflate")
        for name, data in {
            "members": lambda size: _repeat(zlib.compress(b"", wbits=31), size // 4),
            "zeros": lambda size: zlib.compress(bytes(size * 20), wbits=31),
            "bytes": lambda size: zlib.compress(random.Random(1).randbytes(size), wbits=31),
            "junk": bytes,
        }.items()
        for piece in (1, 16 * 1024)
    },
    "websocket message by bytes": lambda size: _websocket(
        _cut(b"\x81\xff" + (1 << 20).to_bytes(8, "big") + bytes(4) + b"a" * (size // 4), 1)
    ),
    "websocket fragments": lambda size: _websocket(
        _cut(_frame(0x01, b"a") + _repeat(_frame(0x00, b"a"), size), 65_536)
    ),
    "websocket fragments by bytes": lambda size: _websocket(
        _cut(_frame(0x01, b"a") + _repeat(_frame(0x00, b"a"), size // 4), 1)
    ),
    "websocket fragments and pings": lambda size: _websocket(
        _cut(_frame(0x01, b"a") + _repeat(_frame(0x00, b"a") + _frame(0x89, b"p"), size), 65_536)
    ),
    "websocket half characters": lambda size: _websocket(
        _cut(_frame(0x01, b"\xc3") + _repeat(_frame(0x00, b"\xa9\xc3"), size), 65_536)
    ),
    "websocket deflated by bytes": lambda size: _websocket(
        [_frame(0x41, b""), *(_frame(0x00, b"\0") for _ in range(size // 16))], deflate=True
    ),
    "websocket pings unread": lambda size: partial(_pings_unread, size // 16),
}  # fmt: skip


def _pings_unread(count: int) -> None:
    session = WebSocketSession()
    for _ in range(count):
        session.receive_data(_frame(0x89, b"x") * 4)


# Fields and paths.


def attempt(parse: Callable[[str], object], value: str) -> object:
    """Return ``parse(value)``, or None if the value is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return parse(value)
        except (ValueError, MultipartError):
            return None


def _handshake(name: str, value: str) -> object:
    return ServerHandshake(subprotocols=["a"], origins=AllowedOrigins(same_host=True)).parse(
        [
            ("Host", "x"), ("Upgrade", "websocket"), ("Connection", "upgrade"),
            ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            (name, value),
        ]
    )  # fmt: skip


def _walk(name: bytes, family: ForwardedFamily, value: str) -> object:
    """Read a field of a trusted proxy as if the client had sent all but its end."""
    reader = ForwardedReader(TrustedProxies(["10.0.0.0/8"], family=family))
    lines = [(name, value.encode()), (name, value.encode() + b", for=10.0.0.1")]
    return reader.read(tuple(lines), "", ConnectionInfo(("10.0.0.1", 1), ("10.0.0.2", 2), None))


#: The parsers of text of a client.
FIELDS: Final[dict[str, Callable[[str], object]]] = {
    "accept": lambda value: parser_fields.parse_accept(value).best(["text/html", "a/b;c=d"]),
    "accept encoding": lambda value: parser_fields.parse_accept_encoding(value).best(["gzip"]),
    "accept language": lambda value: parser_fields.parse_accept_language(value).best(["de-CH"]),
    "content type": parser_fields.parse_content_type,
    "mimetype": parser_fields.parse_mimetype,
    "cookies": parser_fields.parse_cookies,
    "date": parser_fields.parse_http_date,
    "etags": parser_fields.parse_etags,
    "etag": parser_fields.parse_etag,
    "forwarded": parser_fields.parse_forwarded,
    "x-forwarded-for of a proxy": partial(_walk, b"X-Forwarded-For", "X-Forwarded"),
    "forwarded of a proxy": partial(_walk, b"Forwarded", "Forwarded"),
    "disposition": parse_content_disposition,
    "options": parse_options_header,
    "file name": safe_filename,
    "cursor of channels": lambda value: unpack_cursor("c1:" + value, ["a"]),
    "range": lambda value: parse_range("bytes=" + value, 1 << 30),
    "coding": lambda value: acceptable_codings(value, ["gzip", "br"]),
    "if-match": lambda value: evaluate("GET", {"If-Match": value}, etag=ETag("a")),
    "if-none-match": lambda value: evaluate("GET", {"If-None-Match": value}, etag=ETag("a")),
    "if-modified-since": lambda value: evaluate(
        "GET", {"If-Modified-Since": value}, last_modified=5
    ),
    **{
        name.lower(): partial(_handshake, name)
        for name in (
            "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Origin", "Connection", "Upgrade",
            "Sec-WebSocket-Key",
        )
    },
}  # fmt: skip

_UNITS: Final = (
    ",", ";", "=", '"', "\\", " ", "\t", "%", "%41", "(", "a", "0", "-", ".", "*", "/", "'", "+",
    ":", "[", "a=", "a=b;", "a=b; ", "a,", "a/b,", ";q=", ";q=0.1", ',"', '"a",', '\\"', 'W/"a",',
    ';a="', " ;", "; ", "0-0,", "-1,", "=?", "utf-8''", ";filename*0=a", '="', "a;",
    "permessage-deflate;", "\x00", "é",
)  # fmt: skip
_STARTS: Final = ("", 'a="', "a/b;c=", 'form-data; name="', "W/")
_ENDS: Final = ("", "\x00", '"')


def field_values() -> Iterator[tuple[str, Callable[[int], str]]]:
    """Return the hostile values of any size, each with a name."""
    for start, unit, end in itertools.product(_STARTS, _UNITS, _ENDS):
        yield (
            f"{start}{unit}...{end}",
            lambda size, start=start, unit=unit, end=end: start  # type: ignore[misc]  # defaults bind
            + unit * (size // len(unit)) + end,
        )  # fmt: skip


def _router(*patterns: str) -> Router[int]:
    router: Router[int] = Router()
    for number, pattern in enumerate(patterns):
        router.add_route("GET", pattern, number)
    return router


_ROUTERS: Final = {
    "variables": _router("/{a}", "/{a}/{b}", "/{a}/{b}/{c}/x", "/a/{b}/{c}/{d}/{e}/{f}/y"),
    "several in a segment": _router("/{a}-{b}", "/{a}-{b}-{c}", "/{a}.{b}-{c}.{d}-{e}x"),
    "paths": _router("/{a!path}", "/{a!path}/x", "/{a}/{b!path}/y", "/x/{a:.*}", "/{a:.*}/z"),
    "numbers": _router(
        "/{a!int}", "/{a!float}", "/{a!uuid}", "/{a!date}", "/{a!slug}", "/f/{a!int}x"
    ),
    "same starts": _router(*(f"/{'a/' * depth}{{x}}/end" for depth in range(1, 30))),
}  # fmt: skip
_SEGMENTS: Final = (
    "/", "/a", "/%2F", "a", "-", "a-", ".", "a.", "%41", "%", "0", "/0", "-a.b", "%25", "é", "/x",
)  # fmt: skip


def _match(router: Router[int], path: str) -> Work:
    return lambda: router.match("GET", path)


#: The matching of hostile paths.
PATHS: Final[dict[str, Make]] = {
    f"{name} {unit}": partial(
        lambda router, unit, size: _match(router, "/" + unit * (size // len(unit))), router, unit
    )
    for name, router in _ROUTERS.items()
    for unit in (*_SEGMENTS, urllib.parse.quote("é"))
}

#: The inputs that the fuzz targets keep.
KEPT: Final[dict[str, Work]] = {
    f"{path.parent.name} {path.name}": partial(TARGETS[path.parent.name], path.read_bytes())
    for path in sorted((Path(__file__).resolve().parents[1] / "fuzz" / "corpus").glob("*/*"))
}

#: Many requests in one read of a whole server. They are answered in several turns.
PIPELINES: Final[dict[str, Work]] = {
    name: _in_memory(_repeat(unit, 262_144))
    for name, unit in {
        "GET": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "bodies": _head(b"Content-Length: 1\r\n\r\nx"),
        "chunked bodies": _head(b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
    }.items()
} | {
    "chunks": _in_memory(
        _head(b"Transfer-Encoding: chunked\r\n\r\n") + _repeat(b"1\r\na\r\n", 262_144)
    )
}
