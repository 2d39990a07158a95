"""``MultipartReader``: parts in turn, nested ones, limits, and malformed bodies."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol

from testkit import Run
from treadle_multipart import (
    HeaderTooLargeError,
    MalformedError,
    MultipartError,
    NestedTooDeepError,
    TooManyHeadersError,
    TooManyPartsError,
)
from treadle_responses import HTTPException, HTTPRequestEntityTooLarge
from treadle_server import BodyPartReader, MultipartReader
from treadle_server._forms.multipart import request_reader

MIXED = {"Content-Type": "multipart/mixed; boundary=x"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}


async def pieces(body: bytes, size: int = 0) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size or len(body) or 1):
        yield body[at : at + (size or len(body))]


def part(data: bytes, *headers: str) -> bytes:
    return b"--x\r\n" + "".join(f"{line}\r\n" for line in headers).encode() + b"\r\n" + data


def body(*parts: bytes) -> bytes:
    return b"\r\n".join((*parts, b"--x--\r\n"))


def field(name: str, data: bytes, *headers: str) -> bytes:
    return part(data, f'Content-Disposition: form-data; name="{name}"', *headers)


NESTED = part(
    b"preamble\r\n--y\r\n\r\none\r\n--y\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--y--\r\n",
    "Content-Type: multipart/related; boundary=y",
)
BODIES: dict[str, tuple[Mapping[str, str], bytes]] = {
    "one": (MIXED, body(part(b"abc"))),
    "none": (MIXED, b"--x--\r\n"),
    "blank": (MIXED, body(part(b""), part(b"", "A: b"), part(b"\r\n"))),
    "lines": (MIXED, body(part(b"a\r\nb\n\r\n--\r\n-- xy\r\nc"), part(b"\n" * 100))),
    "preamble": (MIXED, b"This is\r\nmultipart\r\n" + body(part(b"1")) + b"and an\r\nepilogue"),
    "no line end": (MIXED, body(part(b"1"))[:-2]),
    "fields": (FORM, body(field("a", b"1"), field("b", b"2"), field("a", b"3"))),
    "charset": (FORM, body(field("_charset_", b"latin-1"), field("a", b"\xe9"))),
    "file": (
        FORM,
        body(
            part(
                bytes(range(256)) * 99,
                'Content-Disposition: form-data; name="f"; filename="a b.bin"',
                "Content-Type: image/x-test",
            ),
            field("after", b"!"),
        ),
    ),
    "nested": (MIXED, body(part(b"0"), NESTED, part(b"3"))),
    "base64": (
        MIXED,
        body(part(b"YWJj\r\nZGVm\r\n", "Content-Transfer-Encoding: base64"), part(b"x")),
    ),
}


async def everything(reader: Any, how: str = "read") -> list[object]:
    """Return the parts that a reader of either library returns."""
    found: list[object] = []
    while (part := await reader.next()) is not None:
        if hasattr(part, "fetch_next_part"):
            found.append([dict(part.headers), await everything(part, how)])
            continue
        data = b""
        if how == "read":
            data = bytes(await part.read())
        else:
            while not part.at_eof():
                data += await part.read_chunk(50)
        found.append((dict(part.headers), part.name, part.filename, data, part.at_eof()))
        assert await part.read() == b""
    assert reader.at_eof()
    assert await reader.next() is None
    return found


async def of_aiohttp(headers: Mapping[str, str], data: bytes, how: str) -> list[object]:
    loop = asyncio.get_running_loop()
    stream = aiohttp.StreamReader(BaseProtocol(loop), 2**20, loop=loop)
    stream.feed_data(data)
    stream.feed_eof()
    return await everything(aiohttp.MultipartReader(headers, stream), how)


# aiohttp cannot read a field ``_charset_`` that came in one piece with what follows.
COMPARED = sorted(BODIES.keys() - {"charset"})


@pytest.mark.parametrize("how", ["read", "chunks"])
@pytest.mark.parametrize("name", COMPARED)
def test_bodies_read_as_with_aiohttp(run: Run, name: str, how: str) -> None:
    headers, data = BODIES[name]

    async def main() -> None:
        expected = await of_aiohttp(headers, data, how)
        for size in (0, 1, 7, 64, 1000):
            assert await everything(MultipartReader(headers, pieces(data, size)), how) == expected

    run(main())


def test_the_first_field_may_name_the_charset(run: Run) -> None:
    async def main() -> None:
        headers, data = BODIES["charset"]
        for size in (0, 1):
            reader = MultipartReader(headers, pieces(data, size))
            only = await reader.next()
            assert isinstance(only, BodyPartReader)
            assert (only.name, await only.text()) == ("a", "é")
            assert await reader.next() is None
        for bad in (b"x" * 32, b"\xff"):
            data = body(field("_charset_", bad), field("a", b""))
            with pytest.raises(MalformedError, match="Invalid default charset") as caught:
                await MultipartReader(FORM, pieces(data, 5)).next()
            # As in aiohttp.
            assert isinstance(caught.value, RuntimeError)

    run(main())


def test_unread_data_is_dropped(run: Run) -> None:
    async def main() -> None:
        data = body(part(b"first" * 1000), NESTED, part(b"last"))
        reader = MultipartReader(MIXED, pieces(data, 100))
        first = await reader.next()
        assert isinstance(first, BodyPartReader)
        assert await first.read_chunk(3) == b"fir"
        nested = await reader.next()
        assert isinstance(nested, MultipartReader)
        assert isinstance(await nested.next(), BodyPartReader)
        assert await first.read_chunk() == b""
        last = await reader.next()
        assert isinstance(last, BodyPartReader)
        assert nested.at_eof()
        assert await nested.next() is None
        assert await last.read() == b"last"
        reader = MultipartReader(MIXED, pieces(data, 100))
        assert await reader.next() is not None
        await reader.release()
        assert reader.at_eof()
        assert await reader.next() is None

    run(main())


def test_iteration(run: Run) -> None:
    async def main() -> None:
        names = []
        async for part in MultipartReader(FORM, pieces(BODIES["fields"][1])):
            assert isinstance(part, BodyPartReader)
            names += [(part.name, data) async for data in part]
        assert names == [("a", b"1"), ("b", b"2"), ("a", b"3")]

    run(main())


def test_subclasses_make_their_own_kind(run: Run) -> None:
    class Part(BodyPartReader):
        chunk_size = 2

    class Reader(MultipartReader):
        part_reader_cls = Part

    class Other(MultipartReader):
        multipart_reader_cls = Reader

    async def main() -> None:
        reader = Reader(MIXED, pieces(body(NESTED)))
        nested = await reader.next()
        assert type(nested) is Reader
        assert type(await nested.next()) is Part
        assert type(await Other(MIXED, pieces(body(NESTED))).next()) is Reader

    run(main())


def test_of_a_clients_response(run: Run) -> None:
    class Response:
        headers = MIXED
        content = pieces(body(part(b"abc")))

    async def main() -> None:
        only = await MultipartReader.from_response(Response()).next()
        assert isinstance(only, BodyPartReader)
        assert await only.read() == b"abc"

    run(main())


def test_a_saved_page_is_a_file(run: Run) -> None:
    disposition = 'Content-Disposition: form-data; name="f"; filename="page.mht"'

    async def main() -> None:
        data = body(part(b"any", disposition, "Content-Type: multipart/related"))
        saved = await MultipartReader(FORM, pieces(data)).next()
        assert isinstance(saved, BodyPartReader)
        assert await saved.read() == b"any"

    run(main())


BAD_TYPES = [
    ("", "does not start with a media type", 415),
    ("text/plain", "is not a multipart type", 415),
    ("multipart/mixed", "no boundary parameter", 400),
    ("multipart/mixed; boundary=", "boundary", 400),
    ("multipart/mixed; boundary=" + "x" * 71, "has 71 characters", 400),
    ('multipart/mixed; boundary="é"', "visible ASCII", 400),
]


@pytest.mark.parametrize(("value", "match", "status"), BAD_TYPES, ids=range(len(BAD_TYPES)))
def test_bad_content_types(value: str, match: str, status: int) -> None:
    async def nothing() -> bytes:
        return b""

    headers = {"Content-Type": value}
    with pytest.raises(ValueError, match=match):
        MultipartReader(headers, pieces(b""))
    with pytest.raises(HTTPException) as caught:
        request_reader(
            headers, nothing, client_max_size=0, max_parts=0, max_size_error_cls=ValueError
        )
    assert caught.value.status == status


def deep(levels: int) -> bytes:
    data = b"--b0\r\n\r\n\r\n--b0--\r\n"
    for level in range(1, levels):
        data = (
            f"--b{level}\r\nContent-Type: multipart/mixed; boundary=b{level - 1}\r\n\r\n".encode()
            + data
            + f"\r\n--b{level}--\r\n".encode()
        )
    return data.replace(f"b{levels - 1}".encode(), b"x")


BAD_BODIES = [
    ("empty", b"", MalformedError, 400),
    ("no boundary", b"abc" * 100, MalformedError, 400),
    ("cut in a head", b"--x\r\nContent-Type: text", MalformedError, 400),
    ("cut in data", b"--x\r\n\r\nabc", MalformedError, 400),
    ("LF", b"--x\n\nabc\n--x--\n", MalformedError, 400),
    ("no header", part(b"", "a b"), MalformedError, 400),
    ("bad length", body(part(b"", "Content-Length: +1")), MalformedError, 400),
    ("bad charset", body(part(b"a", "Content-Type: text/plain; charset=klingon")), ValueError, 415),
    ("many parts", part(b"\r\n") * 1001 + b"--x--", TooManyPartsError, 413),
    ("many headers", part(b"", *["A: b"] * 129), TooManyHeadersError, 431),
    ("long header", part(b"", "A: " + "b" * 16400), HeaderTooLargeError, 431),
    ("endless header", b"--x\r\nA: " + b"b" * 16400, HeaderTooLargeError, 431),
    ("deep", deep(4), NestedTooDeepError, 400),
    ("large", body(part(b"a" * 1001)), ValueError, 413),
    ("bad base64", body(part(b"YQ", "Content-Transfer-Encoding: base64")), MultipartError, 400),
    ("coding", body(part(b"", "Content-Encoding: br")), MultipartError, 415),
]


async def read_all(reader: MultipartReader) -> None:
    async for part in reader:
        if isinstance(part, MultipartReader):
            await read_all(part)
        else:
            await part.text()


@pytest.mark.parametrize(
    ("data", "error", "status"), [row[1:] for row in BAD_BODIES], ids=[row[0] for row in BAD_BODIES]
)
def test_bad_bodies(run: Run, data: bytes, error: type[Exception], status: int) -> None:
    async def main() -> None:
        for size in (0, 100):
            with pytest.raises(error):
                await read_all(MultipartReader(MIXED, pieces(data, size), client_max_size=1000))
            iterator = pieces(data, size)

            async def source() -> bytes:
                return await anext(iterator, b"")  # noqa: B023

            reader = request_reader(
                MIXED,
                source,
                client_max_size=1000,
                max_parts=1000,
                max_size_error_cls=HTTPRequestEntityTooLarge,
            )
            with pytest.raises(HTTPException) as caught:
                await read_all(reader)
            assert caught.value.status == status

    run(main())


def test_limits_can_be_moved(run: Run) -> None:
    async def main() -> None:
        data = b"\r\n".join([part(b"", *["A: b"] * 200)] * 1001 + [b"--x--"])
        reader = MultipartReader(
            MIXED, pieces(data), max_parts=None, max_headers=200, max_field_size=1000
        )
        count = 0
        async for _ in reader:
            count += 1
        assert count == 1001
        await read_all(MultipartReader(MIXED, pieces(deep(3))))

    run(main())
