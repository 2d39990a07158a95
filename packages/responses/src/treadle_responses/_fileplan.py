"""Plan the response to a request for a file: from facts to status, fields and slices.

The caller opens the file and asks the system about it, and passes the facts of file and request to
``plan_file``. Then it sends the plan: for each segment the preamble and ``length`` bytes from
``offset``, and at last the closing. There is no I/O here, and all decisions are made here.
"""

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, final

from multidict import CIMultiDict

from ._compression import add_vary
from ._conditional import Verdict, evaluate, if_range_holds, parse_date
from ._etag import parse_etag
from ._headers import http_date
from ._ranges import ByteRange, content_range, multipart_ranges, parse_range
from ._status import default_reason, must_be_empty

__all__ = [
    "FileFacts",
    "FilePlan",
    "PlannedResponse",
    "Segment",
    "apply_plan",
    "plan_content",
    "plan_file",
]

# The first second of the year 1 and the last one of 9999, in POSIX time.
_YEAR_1: Final = -62_135_596_800
_YEAR_9999: Final = 253_402_300_799

_NO_FIELDS: Final[Mapping[str, str]] = MappingProxyType({})


@final
class FileFacts(NamedTuple):
    """The facts of an open file: its size in bytes, its modification time, and its coding.

    ``coding`` is the content coding of a precompressed file; ``varies`` is true if another client
    could get another encoding of the file.
    """

    size: int
    mtime_ns: int
    coding: str | None = None
    varies: bool = False


@final
class Segment(NamedTuple):
    """``preamble`` and, behind it, ``length`` bytes of the file from ``offset`` on."""

    preamble: bytes
    offset: int
    length: int


@final
class FilePlan(NamedTuple):
    """A planned response; ``length`` is that of the body, which a response to HEAD leaves out."""

    status: int
    headers: dict[str, str]
    segments: tuple[Segment, ...]
    closing: bytes
    length: int


def plan_file(
    method: str,
    fields: Mapping[str, str],
    facts: FileFacts,
    *,
    content_type: str,
    status: int = 200,
    given: Mapping[str, str] = _NO_FIELDS,
    now: float | None = None,
    boundary: str | None = None,
) -> FilePlan:
    """Return the plan for a request of ``method`` with the fields ``fields``.

    ``given`` are the response's own fields: they take precedence, and conditions are evaluated with
    their ETag and Last-Modified. ``now`` (POSIX seconds) limits dates. ``boundary`` separates
    several ranges; the default is random. With a ``status`` other than 200, conditions and ranges
    are ignored.
    """
    headers = _representation_fields(facts, content_type, given, now)
    if must_be_empty("GET", status):
        return FilePlan(status, headers, (), b"", 0)
    if status != 200:
        return _whole(status, headers, facts.size)
    return plan_content(method, fields, facts.size, headers, now=now, boundary=boundary)


def plan_content(
    method: str,
    fields: Mapping[str, str],
    size: int | None,
    headers: dict[str, str],
    *,
    now: float | None = None,
    boundary: str | None = None,
) -> FilePlan:
    """Plan the response to a request for content with these fields; they become the plan's.

    Without a ``size`` there are no ranges, and the plan of a 200 says nothing of the content.
    """
    etag = parse_etag(headers.get("ETag"))
    last_modified = parse_date(headers.get("Last-Modified"))
    verdict = evaluate(method, fields, etag=etag, last_modified=last_modified)
    if verdict is Verdict.FAILED:
        return _error(412, {})
    if verdict is Verdict.NOT_MODIFIED:
        # RFC 9110 section 15.4.5: the fields of the 200, but not those about its content.
        for name in ("Content-Type", "Content-Encoding", "Accept-Ranges"):
            headers.pop(name, None)
        return FilePlan(304, headers, (), b"", 0)
    wanted = fields.get("Range")
    if size is None:
        return FilePlan(200, headers, (), b"", 0)
    # RFC 9110 section 14.2: Range is defined for GET only.
    if wanted is None or method != "GET":
        return _whole(200, headers, size)
    if not if_range_holds(fields.get("If-Range"), etag=etag, last_modified=last_modified, now=now):
        return _whole(200, headers, size)
    ranges = parse_range(wanted, size)
    if ranges is None:
        return _whole(200, headers, size)
    if not ranges:
        return _error(416, {"Content-Range": content_range(None, size)})
    if len(ranges) > 1:
        return _several(ranges, headers, size, boundary or os.urandom(16).hex())
    (bounds,) = ranges
    headers["Content-Range"] = content_range(bounds, size)
    length = bounds.stop - bounds.start
    headers["Content-Length"] = str(length)
    return FilePlan(206, headers, (Segment(b"", bounds.start, length),), b"", length)


class PlannedResponse(Protocol):
    """The part of a response that a plan changes."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields."""

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Set the status."""


def apply_plan(plan: FilePlan, response: PlannedResponse) -> None:
    """Give a response the status and the fields of a plan."""
    if plan.status != response.status:
        response.set_status(plan.status)
    headers = response.headers
    if plan.status in (412, 416):
        # These fields describe the content, which is not sent.
        for name in ("Content-Disposition", "Content-Encoding", "Cache-Control", "Content-Type"):
            headers.pop(name, None)
    elif plan.status == 304:
        headers.pop("Content-Type", None)
    for name, value in plan.headers.items():
        if name == "Vary":
            add_vary(headers, value)
        else:
            # If the response's own field takes precedence, the plan has repeated it.
            headers[name] = value


def _representation_fields(
    facts: FileFacts, content_type: str, given: Mapping[str, str], now: float | None
) -> dict[str, str]:
    seconds = facts.mtime_ns // 1_000_000_000
    if now is not None:
        # RFC 9110 section 8.8.2.1: the date must not be later than that of the response.
        seconds = min(seconds, int(now))
    # A file may have any time, a field only one of these years.
    seconds = max(_YEAR_1, min(seconds, _YEAR_9999))
    # Encoded and plain content are two representations, each with its own tag.
    suffix = f"-{facts.coding}" if facts.coding else ""
    headers = {
        "Content-Type": given.get("Content-Type", content_type),
        "ETag": given.get("ETag") or f'"{facts.mtime_ns:x}-{facts.size:x}{suffix}"',
        "Last-Modified": given.get("Last-Modified") or http_date(seconds),
        "Accept-Ranges": "bytes",
    }
    if facts.coding:
        headers["Content-Encoding"] = facts.coding
    if facts.varies:
        headers["Vary"] = "Accept-Encoding"
    return headers


def _whole(status: int, headers: dict[str, str], size: int) -> FilePlan:
    headers["Content-Length"] = str(size)
    return FilePlan(status, headers, (Segment(b"", 0, size),), b"", size)


def _several(
    ranges: tuple[ByteRange, ...], headers: dict[str, str], size: int, boundary: str
) -> FilePlan:
    parts, closing, length = multipart_ranges(ranges, size, headers["Content-Type"], boundary)
    headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    headers["Content-Length"] = str(length)
    segments = tuple(
        Segment(part.preamble, part.range.start, part.range.stop - part.range.start)
        for part in parts
    )
    return FilePlan(206, headers, segments, closing, length)


def _error(status: int, headers: dict[str, str]) -> FilePlan:
    text = f"{status}: {default_reason(status)}".encode()
    headers["Content-Type"] = "text/plain; charset=utf-8"
    headers["Content-Length"] = str(len(text))
    return FilePlan(status, headers, (), text, len(text))
