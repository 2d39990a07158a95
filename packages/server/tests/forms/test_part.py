"""``BodyPartReader``: data in pieces of any size, its codings, and its text."""

import base64
import binascii
import contextlib
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from testkit import Run, assert_linear, run_on
from treadle_multipart import MalformedError, UnsupportedError
from treadle_server import BodyPartReader, MultipartReader

Data = list[bytes]


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size or len(data) or 1):
        yield data[at : at + (size or len(data))]


async def part_of(
    data: bytes, *headers: str, size: int = 0, subtype: str = "mixed", **options: Any
) -> BodyPartReader:
    """The only part of a body that comes in pieces of ``size``."""
    head = "".join(f"{line}\r\n" for line in headers).encode()
    body = b"--x\r\n" + head + b"\r\n" + data + b"\r\n--x--\r\n"
    content_type = {"Content-Type": f"multipart/{subtype}; boundary=x"}
    part = await MultipartReader(content_type, pieces(body, size), **options).next()
    assert isinstance(part, BodyPartReader)
    return part


class TooLargeError(Exception):
    """Named by a test."""


# Reading.


@settings(deadline=None, max_examples=60)
@given(
    data=st.binary(max_size=300) | st.text(alphabet="ab\r\n-x", max_size=300).map(str.encode),
    size=st.integers(0, 40),
    calls=st.lists(st.integers(-1, 40), max_size=30),
)
def test_any_mixture_of_reads_gives_the_data(data: bytes, size: int, calls: list[int]) -> None:
    assume(b"\r\n--x" not in b"\r\n" + data)

    async def main() -> None:
        part = await part_of(data, size=size)
        found = b""
        for call in calls:
            if call < 0:
                line = await part.readline()
                # A line feed is the end of a line, and of nothing else.
                assert b"\n" not in line[:-1]
                found += line
            elif call == 0:
                found += await part.readany()
            else:
                chunk = await part.read_chunk(call)
                assert len(chunk) <= call
                found += chunk
        found += await part.read()
        assert found == data
        assert part.at_eof()
        assert await part.read_chunk() == await part.readline() == await part.readany() == b""

    run_on("asyncio")(main())


def test_lines(run: Run) -> None:
    async def main() -> None:
        for size in (0, 1, 10):
            part = await part_of(b"a\r\n\nb\r\n\r\nlast", size=size)
            lines = []
            while line := await part.readline():
                lines.append(line)
            assert lines == [b"a\r\n", b"\n", b"b\r\n", b"\r\n", b"last"]

    run(main())


def test_chunks_are_not_copied_where_they_fit(run: Run) -> None:
    async def main() -> None:
        chunk = bytes(100)
        head = b"--x\r\n\r\n"

        async def content() -> AsyncIterator[bytes]:
            for piece in (head, chunk, chunk, b"\r\n--x--\r\n"):
                yield piece

        part = await MultipartReader(
            {"Content-Type": "multipart/mixed; boundary=x"}, content()
        ).next()
        assert isinstance(part, BodyPartReader)
        assert await part.read_chunk() is chunk
        assert await part.readany() is chunk
        assert part.chunk_size == 8192

    run(main())


@pytest.mark.parametrize("size", [0, -1])
def test_a_chunk_has_a_size(run: Run, size: int) -> None:
    async def main() -> None:
        for coding in ("binary", "base64"):
            part = await part_of(b"abcd", f"Content-Transfer-Encoding: {coding}")
            with pytest.raises(ValueError, match=f"at least 1, got {size}"):
                await part.read_chunk(size)

    run(main())


def test_size_is_limited_where_all_is_kept(run: Run) -> None:
    async def main() -> None:
        limits: dict[str, Any] = {"client_max_size": 99, "max_size_error_cls": TooLargeError}
        for size in (0, 10):
            for call in (BodyPartReader.read, BodyPartReader.readline, BodyPartReader.text):
                with pytest.raises(TooLargeError, match="99"):
                    await call(await part_of(b"a" * 100, size=size, **limits))
                assert len(await call(await part_of(b"a" * 99, size=size, **limits))) == 99
            part = await part_of(b"a" * 100, size=size, **limits)
            assert len(await part.read_chunk(100)) > 0

    run(main())


def test_a_part_can_be_made_alone(run: Run) -> None:
    async def main() -> None:
        headers = {"Content-Disposition": 'form-data; name="a"; filename="/x/b"'}
        part = BodyPartReader("--x", headers, pieces(b"data\r\n--x--\r\n", 3))
        assert (part.name, part.filename) == ("a", "x/b")
        assert await part.read() == b"data"
        part = BodyPartReader(b"--x", {}, pieces(b"data", 3))
        assert (part.name, part.filename, part.safe_filename) == (None, None, None)
        with pytest.raises(MalformedError, match="malformed"):
            await part.read()

    run(main())


def test_the_headers_of_a_part_alone(run: Run) -> None:
    async def main() -> None:
        headers = {"Content-Disposition": 'form-data; name="a"; filename="b"'}
        part = BodyPartReader("--x", headers, None)
        assert (part.name, part.filename) == ("a", "b")
        with pytest.raises(TypeError, match="has no content"):
            await part.read()

    run(main())


def test_the_length_of_a_part_alone(run: Run) -> None:
    async def main() -> None:
        headers = {"Content-Length": "8"}
        part = BodyPartReader("--x", headers, pieces(b"a\r\n--x\r\n\r\n--x--", 3))
        assert await part.read_chunk(100) == b"a\r\n"
        assert await part.read_chunk(100) == b"--x"
        assert not part.at_eof()
        assert await part.read_chunk(100) == b"\r\n"
        assert part.at_eof()
        # The parts of a form have no length.
        part = BodyPartReader("--x", headers, pieces(b"a\r\n--x--", 3), subtype="form-data")
        assert await part.read() == b"a"

    run(main())


@pytest.mark.parametrize("length", ["-1", "+5", "1_0", " 5", "0x5", "\uff15"])
def test_a_malformed_length_of_a_part(length: str) -> None:
    with pytest.raises(ValueError, match="invalid Content-Length"):
        BodyPartReader("--x", {"Content-Length": length}, None)


def test_a_part_is_at_its_end_with_its_last_chunk(run: Run) -> None:
    async def main() -> None:
        body = b"--x\r\n\r\nabcde\r\n--x\r\n\r\nabcdefg\r\n--x--"
        for size in (0, 20):
            reader = MultipartReader(
                {"Content-Type": "multipart/mixed; boundary=x"}, pieces(body, size)
            )
            found = []
            async for part in reader:
                assert isinstance(part, BodyPartReader)
                data = b""
                while not part.at_eof():
                    chunk = await part.read_chunk(5)
                    assert chunk
                    data += chunk
                found.append(data)
            assert found == [b"abcde", b"abcdefg"]

    run(main())


def test_the_last_chunk_of_base64_has_the_rest(run: Run) -> None:
    async def main() -> None:
        headers = {"Content-Transfer-Encoding": "base64"}
        part = BodyPartReader("--x", headers, pieces(b"YWJjZGVm\r\nYW\r\n--x--", 0))
        assert await part.read_chunk(8) == b"YWJjZGVm"
        assert await part.read_chunk(8) == b"\r\nYW"
        assert part.at_eof()

    run(main())


def test_names(run: Run) -> None:
    async def main() -> None:
        part = await part_of(
            b"", 'Content-Disposition: form-data; name="a%22b"; filename="../../etc/passwd"',
            subtype="form-data",
        )  # fmt: skip
        assert (part.name, part.filename) == ('a"b', "../../etc/passwd")
        assert part.safe_filename == "passwd"
        assert "etc/passwd" in repr(part)

    run(main())


# Codings.

TEXT = "Zwölf Boxkämpfer = 1\r\n".encode() * 50
PARTS = [
    ("base64", "", base64.encodebytes(TEXT)),
    ("base64", "", base64.b64encode(TEXT)),
    ("BASE64", "gzip", base64.encodebytes(gzip.compress(TEXT))),
    ("quoted-printable", "", binascii.b2a_qp(TEXT, istext=False)),
    ("binary", "", TEXT),
    ("", "gzip", gzip.compress(TEXT)),
    ("", "deflate", zlib.compress(TEXT)),
    ("", "identity", TEXT),
]


@pytest.mark.parametrize(("transfer", "content", "data"), PARTS, ids=range(len(PARTS)))
def test_codings(run: Run, transfer: str, content: str, data: bytes) -> None:
    headers = [f"Content-Transfer-Encoding: {transfer}"] * bool(transfer)
    headers += [f"Content-Encoding: {content}"] * bool(content)

    async def main() -> None:
        for size in (0, 1, 50):
            assert await (await part_of(data, *headers, size=size)).read() == data
            part = await part_of(data, *headers, size=size)
            assert await part.read(decode=True) == TEXT
            assert await (await part_of(data, *headers, size=size)).text() == TEXT.decode()
            whole = await part.read(decode=True)
            assert whole == b""
            assert part.decode(data) == TEXT
            assert b"".join([piece async for piece in part.decode_iter(data)]) == TEXT
            part = await part_of(data, *headers, size=size)
            assert b"".join([piece async for piece in part.iter_decoded()]) == TEXT

    run(main())


@settings(deadline=None, max_examples=60)
@given(
    data=st.binary(max_size=200),
    blanks=st.integers(1, 90),
    size=st.integers(0, 30),
    chunk=st.integers(1, 40),
)
def test_each_chunk_of_base64_can_be_decoded(
    data: bytes, blanks: int, size: int, chunk: int
) -> None:
    coded = base64.b64encode(data)
    lines = b"\r\n".join(coded[at : at + blanks] for at in range(0, len(coded), blanks))

    async def main() -> None:
        part = await part_of(lines, "Content-Transfer-Encoding: base64", size=size)
        found = b""
        while piece := await part.read_chunk(chunk):
            found += part.decode(piece)
        assert found == data

    run_on("asyncio")(main())


GROUPS = [
    (b"AAAA", 8192, [b"AAAA"]),
    (b"AAAABBBB", 4, [b"AAAA", b"BBBB"]),
    (b"AAAABBBB", 7, [b"AAAA", b"BBBB"]),
    (b"AAAA\r\nBBBB\r\n", 9, [b"AAAA\r\n", b"BBBB\r\n"]),
    # Blanks alone fill the chunk.
    (b"A" + b" " * 50 + b"BCD", 8, [b"ABCD"]),
    (b" " * 50 + b"ABCD" + b" " * 90, 8, [b"ABCD", b""]),
    (b"AAAA" + b" " * 50, 4, [b"AAAA", b" " * 50]),
    # Characters outside the alphabet count as little as blanks: the decoder ignores them.
    (b"A-B-C-DEFGH", 8, [b"A-B-C-D", b"EFGH"]),
    # An incomplete group is left for the decoder to refuse, with the end of the part.
    (b"AAAABB", 8, [b"AAAABB"]),
    (b"AAAABB", 5, [b"AAAA", b"BB"]),
    (b"   ", 8, [b"   "]),
]


@pytest.mark.parametrize(("data", "size", "chunks"), GROUPS, ids=range(len(GROUPS)))
def test_chunks_of_base64_have_whole_groups(
    run: Run, data: bytes, size: int, chunks: list[bytes]
) -> None:
    async def main() -> None:
        part = await part_of(data, "Content-Transfer-Encoding: base64")
        assert [await part.read_chunk(size) for _ in chunks] == chunks
        assert await part.read_chunk(size) == b""
        assert part.at_eof()

    run(main())


async def read_all(part: BodyPartReader) -> None:
    await part.read(decode=True)


async def read_chunks(part: BodyPartReader) -> None:
    while await part.read_chunk():
        pass


async def read_small_chunks(part: BodyPartReader) -> None:
    while await part.read_chunk(4):
        pass


async def read_lines(part: BodyPartReader) -> None:
    while await part.readline():
        pass


async def read_decoded(part: BodyPartReader) -> None:
    async for _ in part.iter_decoded():
        pass


WAYS = (
    read_all, read_chunks, read_small_chunks, read_lines, read_decoded, BodyPartReader.text,
    BodyPartReader.release,
)  # fmt: skip
HOSTILE = [
    ("base64", b"A", b" "),
    ("base64", b"A", b"\r\n"),
    ("base64", b"", b"AAAAA" + b" " * 8187),
    ("base64", b"", b"A-"),
    ("base64", b"", b"===="),
    ("quoted-printable", b"=", b" "),
    ("quoted-printable", b"", b"="),
    ("quoted-printable", b"", b"=\r"),
    ("binary", b"", b"\r\n--"),
    ("binary", b"", b"\n"),
]


@pytest.mark.parametrize("size", [7, 100, 65_536])
@pytest.mark.parametrize(("coding", "start", "unit"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_part_is_read_in_linear_time(
    coding: str, start: bytes, unit: bytes, size: int
) -> None:
    """``A`` and 40 kB of blanks took ``read_chunk`` 12 seconds."""

    async def read(data: bytes) -> None:
        for way in WAYS:
            part = await part_of(data, f"Content-Transfer-Encoding: {coding}", size=size)
            with contextlib.suppress(ValueError):
                await way(part)

    def call(data: bytes) -> None:
        run_on("asyncio")(read(start + data))

    assert_linear(call, unit, 20_000 if size > 7 else 2_000)


def test_a_form_has_no_content_encoding(run: Run) -> None:
    async def main() -> None:
        part = await part_of(b"abc", "Content-Encoding: gzip", subtype="form-data")
        assert await part.read(decode=True) == b"abc"

    run(main())


BAD = [
    ("Content-Transfer-Encoding: rot13", b"a", UnsupportedError, "unknown content transfer enc"),
    ("Content-Encoding: br", b"a", UnsupportedError, "unknown content encoding 'br'"),
    ("Content-Transfer-Encoding: base64", b"YWJ", MalformedError, "."),
    ("Content-Encoding: gzip", b"no gzip", MalformedError, "."),
    ("Content-Encoding: gzip", gzip.compress(TEXT)[:-9], MalformedError, "."),
]


@pytest.mark.parametrize(("header", "data", "error", "text"), BAD, ids=range(len(BAD)))
def test_bad_codings(run: Run, header: str, data: bytes, error: type[Exception], text: str) -> None:
    async def main() -> None:
        with pytest.raises(error, match=text):
            await (await part_of(data, header)).read(decode=True)
        part = await part_of(data, header)
        with pytest.raises(error):
            part.decode(data)
        with pytest.raises(error):
            [piece async for piece in part.decode_iter(data)]
        # Without decoding the data stays unchanged.
        assert await part.read() == data

    run(main())


def test_GHSA_6mq8_a_zip_bomb_is_refused_while_it_inflates_and_never_cut(run: Run) -> None:
    """aiohttp's ``decode`` returned the first 256 KiB of a part that inflates to more."""
    bomb = gzip.compress(bytes(20 << 20))

    async def main() -> None:
        limits: dict[str, Any] = {"client_max_size": 1 << 20, "max_size_error_cls": TooLargeError}
        part = await part_of(bomb, "Content-Encoding: gzip", **limits)
        with pytest.raises(TooLargeError, match="1048576"):
            await part.read(decode=True)
        with pytest.raises(TooLargeError, match="262144"):
            part.decode(bomb)
        largest = 0
        async for piece in part.decode_iter(bomb):
            largest = max(largest, len(piece))
        assert largest <= 64 * 1024

    run(main())


# Text.

TEXTS = [
    (b"\xc3\xa9", "text/plain", "é"),
    (b"\xe9", "text/plain; charset=latin-1", "é"),
    (b"\xe9", 'text/plain; charset="ISO-8859-1"', "é"),
    (b"\xe9", "text/plain", MalformedError),
    (b"a", "text/plain; charset=klingon", UnsupportedError),
    (b"a", "text/plain; charset=rot13", UnsupportedError),
    (b"a", "text/plain; charset=punycode", LookupError),
    (b"\xe9", "text/plain", UnicodeDecodeError),
    (b"\xe9", "text/plain; format=a/b; charset=latin-1", "é"),
    (b"\xc3\xa9", "text/plain; charset=", "é"),
]


@pytest.mark.parametrize(("data", "content_type", "expected"), TEXTS, ids=range(len(TEXTS)))
def test_text(run: Run, data: bytes, content_type: str, expected: str | type[Exception]) -> None:
    async def main() -> None:
        part = await part_of(data, f"Content-Type: {content_type}")
        if isinstance(expected, str):
            assert await part.text() == expected
        else:
            with pytest.raises(expected):
                await part.text()
        part = await part_of(data, f"Content-Type: {content_type}")
        assert await part.text(encoding="latin-1") == data.decode("latin-1")

    run(main())


def test_a_label_of_the_peer_is_one_in_any_argument(run: Run) -> None:
    async def main() -> None:
        for call in (BodyPartReader.text, BodyPartReader.json, BodyPartReader.form):
            part = await part_of(b"a", "Content-Type: text/plain; charset=punycode")
            with pytest.raises(UnsupportedError, match="'punycode' is not a supported charset"):
                await call(part, encoding=part.get_charset("utf-8"))
        # A codec that the program names is its own.
        assert await (await part_of(b"\xef\xbb\xbfa")).text(encoding="utf-8-sig") == "a"

    run(main())


def test_json(run: Run) -> None:
    async def main() -> None:
        assert await (await part_of(b'{"a": "\xc3\xa9"}')).json() == {"a": "é"}
        assert await (await part_of(b"")).json() is None
        for bad in (b"{", b"[" * 100_000):
            with pytest.raises(MalformedError, match="not valid JSON") as caught:
                await (await part_of(bad)).json()
            assert isinstance(caught.value, json.JSONDecodeError)
        assert await (await part_of(json.dumps([1]).encode("utf-16"))).json(encoding="utf-16") == [
            1
        ]

    run(main())


def test_form(run: Run) -> None:
    async def main() -> None:
        part = await part_of(b"a=1&b=&c=%C3%A9&d=;\r\n")
        assert await part.form() == [("a", "1"), ("b", ""), ("c", "é"), ("d", ";")]
        part = await part_of(b"c=%E9")
        assert await part.form(encoding="latin-1") == [("c", "é")]
        assert await (await part_of(b"")).form() == []
        with pytest.raises(UnicodeDecodeError, match="data cannot be decoded with utf-8 encoding"):
            await (await part_of(b"\xff")).form()
        part = await part_of(b"a=1&" * 1001)
        with pytest.raises(ValueError, match="more than 1000 fields"):
            await part.form()

    run(main())
