"""Forms of ``MultipartWriter``, ours and aiohttp's, are read back equal: names, types and sizes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_multipart import MultipartLimits, SpoolPolicy
from treadle_server import BodyPartReader, FileField, MultipartReader, MultipartWriter
from treadle_server._forms.uploads import read_multipart_form

T = TypeVar("T")

#: Name, file name (None for a text), media type, data.
Item = tuple[str, str | None, str, bytes]


def is_plain(name: str) -> bool:
    """True unless a name looks percent-encoded, or has a control that a header cannot have."""
    return not any(mark in name.lower() for mark in ("%22", "%0d", "%0a")) and all(
        char >= " " and char != "\x7f" for char in name.replace("\t", "").replace("\r", "")
        .replace("\n", "")
    )  # fmt: skip


HOSTILE = st.text(st.sampled_from("a\\\"%2;=\xe9\U0001f600 \r\n\t[]'*"), max_size=12)
NAMES = (HOSTILE | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)).filter(is_plain)
DATA = st.binary(max_size=200) | st.text("\r\n-x", max_size=40).map(str.encode)
TYPES = st.sampled_from(["text/plain", "application/octet-stream", "image/svg+xml", "a/b; c=d"])
ITEMS = st.lists(
    st.tuples(NAMES, st.none() | NAMES.filter(bool), TYPES, DATA), min_size=1, max_size=4
)


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


class Inline:
    """Runs what may block at once: no form here is written to disk."""

    async def run_blocking(self, call: Callable[[], T]) -> T:
        return call()


async def by_multipart(content_type: str, body: bytes, size: int) -> list[Item]:
    found: list[Item] = []
    async for part in MultipartReader({"Content-Type": content_type}, in_pieces(body, size)):
        assert isinstance(part, BodyPartReader)
        kind = part.headers["Content-Type"]
        found.append((part.name or "", part.filename, kind, await part.read(decode=True)))
    return found


async def by_post(content_type: str, body: bytes, size: int) -> list[tuple[str, object, bytes]]:
    pieces = in_pieces(body, size)

    async def read() -> bytes:
        return await anext(pieces, b"")

    fields, uploads = await read_multipart_form(
        content_type, read, Inline(), MultipartLimits(), SpoolPolicy()
    )
    found: list[tuple[str, object, bytes]] = []
    for name, value in fields.items():
        if isinstance(value, FileField):
            found.append((name, (value.filename, value.content_type), value.file.read()))
        else:
            found.append((name, None, value.encode() if isinstance(value, str) else value))
    if uploads is not None:
        uploads.close()
    return found


def check(items: list[Item], content_type: str, body: bytes, size: int) -> None:
    assert asyncio.run(by_multipart(content_type, body, size)) == items
    assert asyncio.run(by_post(content_type, body, size)) == [
        (name, None if filename is None else (filename, kind), data)
        for name, filename, kind, data in items
    ]


async def written(writer: Any, items: list[Item], **options: Any) -> tuple[str, bytes]:
    for name, filename, kind, data in items:
        payload = writer.append(data, {"Content-Type": kind})
        names = {"name": name} if filename is None else {"name": name, "filename": filename}
        payload.set_content_disposition("form-data", **options, **names)
    return writer.content_type, await writer.as_bytes()


def without_text(items: list[Item]) -> list[Item]:
    """Make fields that are no UTF-8 bytes fields of another type than text."""
    return [
        (name, filename, "a/b" if filename is None else kind, data)
        for name, filename, kind, data in items
    ]


@settings(deadline=None, max_examples=150)
@given(items=ITEMS, size=st.integers(1, 300))
def test_our_writer(items: list[Item], size: int) -> None:
    items = without_text(items)
    writer = MultipartWriter("form-data", boundary="a boundary: x/y")
    check(items, *asyncio.run(written(writer, items)), size)


@settings(deadline=None, max_examples=100)
@given(items=ITEMS, size=st.integers(1, 300))
def test_the_writer_of_aiohttp(items: list[Item], size: int) -> None:
    # Its writer refuses line ends in headers.
    items = [
        (name.replace("\r", "").replace("\n", ""),
         filename and (filename.replace("\r", "").replace("\n", "") or "f"), kind, data)
        for name, filename, kind, data in without_text(items)
    ]  # fmt: skip
    items = [item for item in items if is_plain(item[0]) and is_plain(item[1] or "")]
    writer = aiohttp.MultipartWriter("form-data", boundary="x-y_z")
    content_type, body = asyncio.run(written(writer, items, quote_fields=False)) if items else (
        "multipart/form-data; boundary=x", b"--x--"
    )  # fmt: skip
    check(items, content_type, body, size)


# A part of more than 1 MiB in memory should be an open file: ``BytesPayload`` says so.
@pytest.mark.filterwarnings("ignore:Sending a body of:ResourceWarning")
@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_048_576, 3_000_000])
def test_sizes(size: int) -> None:
    data = (b"\r\n--x" * (size // 5 + 1))[:size]
    items = [("a", "b", "image/png", data), ("c", None, "a/b", b""), ("d", "e", "x/y", data)]
    writer = MultipartWriter("form-data", boundary="xy")
    content_type, body = asyncio.run(written(writer, items))
    assert writer.size == len(body)
    check(items, content_type, body, 65_536)


@pytest.mark.parametrize("coding", ["base64", "quoted-printable", "binary", "8bit", ""])
def test_codings(coding: str) -> None:
    data = bytes(range(256)) * 10 + b"=\r\n.=3D  \r\n="
    writer = MultipartWriter("mixed", boundary="x")
    headers = {"Content-Transfer-Encoding": coding} if coding else {}
    writer.append(data, {**headers, "Content-Type": "a/b"})
    body = asyncio.run(writer.as_bytes())
    for size in (1, 7, 10_000):
        assert asyncio.run(by_multipart(writer.content_type, body, size)) == [
            ("", None, "a/b", data)
        ]
