"""Byte ranges as pure functions (RFC 9110 section 14): a field and a size in, slices out.

A Range field is a request that a server may ignore. A field that is malformed, has another unit or
asks for too much is ignored, and the whole representation is sent once. This limits the cost of a
request: at most ``MAX_RANGES`` ranges, and no byte of the representation twice.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, final

__all__ = ["MAX_RANGES", "ByteRange", "Part", "content_range", "multipart_ranges", "parse_range"]

#: The most ranges in one field; a field with more is ignored. No reader of files asks for as many.
MAX_RANGES: Final = 16

# Positions of more digits are beyond the end of any file, and int() is quadratic.
_MAX_DIGITS: Final = 18
_HUGE: Final = 10**_MAX_DIGITS


@final
class ByteRange(NamedTuple):
    """The bytes from ``start`` up to, but not including, ``stop``."""

    start: int
    stop: int


@final
class Part(NamedTuple):
    """One part of a multipart/byteranges body: the bytes before a slice, and the slice."""

    preamble: bytes
    range: ByteRange


def parse_range(value: str | None, size: int) -> tuple[ByteRange, ...] | None:
    """Return the ranges that ``value`` asks for of ``size`` bytes; None to ignore the field.

    An empty tuple means that no range can be satisfied (416). Ranges keep the order of the request,
    unless some overlap or touch: then those are joined, and all are sorted.
    """
    if value is None:
        return None
    unit, equals, text = value.partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes":
        return None
    # Split no further than the limit.
    items = [item.strip(" \t") for item in text.split(",", 2 * MAX_RANGES)]
    specs = [item for item in items if item]
    if not specs or len(specs) > MAX_RANGES or len(items) > 2 * MAX_RANGES:
        return None
    found = []
    for spec in specs:
        bounds = _read_spec(spec, size)
        if bounds is None:
            return None
        if bounds.start < bounds.stop:
            found.append(bounds)
        elif spec.startswith("-") and not size and _number(spec[1:]):
            # A suffix of an empty file is satisfiable, but Content-Range cannot express it.
            return None
    return _join(found)


def _read_spec(spec: str, size: int) -> ByteRange | None:
    """Return the range of one ``first-last``, empty if unsatisfiable; None for bad syntax."""
    first, dash, last = spec.partition("-")
    if not dash:
        return None
    if not first:
        length = _number(last)
        return None if length is None else ByteRange(max(0, size - length), size)
    start = _number(first)
    stop = _HUGE if not last else _number(last)
    if start is None or stop is None or (last and stop < start):
        return None
    return ByteRange(start, min(stop + 1, size))


def _number(text: str) -> int | None:
    if not text.isascii() or not text.isdigit():
        return None
    digits = text.lstrip("0")
    return _HUGE if len(digits) > _MAX_DIGITS else int(digits or "0")


def _join(ranges: list[ByteRange]) -> tuple[ByteRange, ...]:
    ordered = sorted(ranges)
    joined: list[ByteRange] = []
    for item in ordered:
        if joined and item.start <= joined[-1].stop:
            joined[-1] = ByteRange(joined[-1].start, max(joined[-1].stop, item.stop))
        else:
            joined.append(item)
    return tuple(ranges if len(joined) == len(ranges) else joined)


def content_range(bounds: ByteRange | None, size: int) -> str:
    """Return a Content-Range value; with None, that of a 416."""
    return f"bytes */{size}" if bounds is None else f"bytes {bounds.start}-{bounds.stop - 1}/{size}"


def multipart_ranges(
    ranges: Sequence[ByteRange], size: int, content_type: str, boundary: str
) -> tuple[tuple[Part, ...], bytes, int]:
    """Frame several ranges as multipart/byteranges (RFC 9110 section 14.6).

    Return the parts, the bytes behind the last one, and the total length. ``boundary`` must not
    occur in the content: use a random one.
    """
    parts = []
    for index, bounds in enumerate(ranges):
        lines = (
            f"--{boundary}",
            f"Content-Type: {content_type}",
            f"Content-Range: {content_range(bounds, size)}",
            "",
            "",
        )
        start = "\r\n" if index else ""
        parts.append(Part((start + "\r\n".join(lines)).encode(), bounds))
    closing = f"\r\n--{boundary}--\r\n".encode()
    length = sum(len(part.preamble) + part.range.stop - part.range.start for part in parts)
    return tuple(parts), closing, length + len(closing)
