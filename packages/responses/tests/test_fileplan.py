"""``plan_file``: status, fields and slices for every kind of request, without a file."""

import email
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import FileFacts, FilePlan, Response, apply_plan, plan_file

T = 784_111_777
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
FACTS = FileFacts(10, T * 10**9 + 5)
ETAG = f'"{FACTS.mtime_ns:x}-a"'
DATA = b"0123456789"


def plan(fields: dict[str, str] | None = None, method: str = "GET", **more: Any) -> FilePlan:
    arguments: dict[str, Any] = {"facts": FACTS, "content_type": "text/plain", **more}
    return plan_file(method, fields or {}, **arguments)


def body(planned: FilePlan, data: bytes = DATA) -> bytes:
    pieces = [s.preamble + data[s.offset : s.offset + s.length] for s in planned.segments]
    return b"".join(pieces) + planned.closing


def test_the_whole_file() -> None:
    for method in ("GET", "HEAD", "POST"):
        planned = plan(method=method)
        assert planned.status == 200
        assert planned.headers == {
            "Content-Type": "text/plain",
            "ETag": ETAG,
            "Last-Modified": DATE,
            "Accept-Ranges": "bytes",
            "Content-Length": "10",
        }
        assert body(planned) == DATA
        assert planned.length == 10


@pytest.mark.parametrize(
    ("fields", "status", "expected"),
    [
        ({"Range": "bytes=2-4"}, 206, b"234"),
        ({"Range": "bytes=-3"}, 206, b"789"),
        ({"Range": "bytes=8-"}, 206, b"89"),
        ({"Range": "bytes=0-"}, 206, DATA),
        ({"Range": "bytes=10-"}, 416, b"416: Range Not Satisfiable"),
        ({"Range": "bytes=5-3"}, 200, DATA),
        ({"Range": "lines=1-2"}, 200, DATA),
        ({"Range": ",".join(["bytes=0-1"] + ["0-1"] * 1000)}, 200, DATA),
        ({"Range": "bytes=2-4", "If-Range": ETAG}, 206, b"234"),
        ({"Range": "bytes=2-4", "If-Range": '"old"'}, 200, DATA),
        ({"Range": "bytes=2-4", "If-Range": f"W/{ETAG}"}, 200, DATA),
        ({"Range": "bytes=2-4", "If-Range": DATE}, 206, b"234"),
        ({"Range": "bytes=2-4", "If-Range": "Sun, 06 Nov 1994 08:49:38 GMT"}, 200, DATA),
        ({"Range": "bytes=90-", "If-Range": '"old"'}, 200, DATA),
        ({"If-None-Match": ETAG}, 304, b""),
        ({"If-None-Match": f"W/{ETAG}"}, 304, b""),
        ({"If-None-Match": '"old"'}, 200, DATA),
        ({"If-Modified-Since": DATE}, 304, b""),
        ({"If-None-Match": ETAG, "Range": "bytes=2-4"}, 304, b""),
        ({"If-Match": ETAG, "Range": "bytes=2-4"}, 206, b"234"),
        ({"If-Match": '"old"'}, 412, b"412: Precondition Failed"),
        ({"If-Match": '"old"', "Range": "bytes=90-"}, 412, b"412: Precondition Failed"),
        (
            {"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"},
            412,
            b"412: Precondition Failed",
        ),
        ({"If-Unmodified-Since": DATE}, 200, DATA),
    ],
)
def test_requests(fields: dict[str, str], status: int, expected: bytes) -> None:
    planned = plan(fields)
    assert (planned.status, body(planned)) == (status, expected)
    assert planned.length == len(expected)
    length = planned.headers.get("Content-Length")
    assert length == (None if status == 304 else str(len(expected)))
    if status == 206:
        segment = planned.segments[0]
        last = segment.offset + segment.length - 1
        assert planned.headers["Content-Range"] == f"bytes {segment.offset}-{last}/10"
    elif status == 416:
        assert planned.headers["Content-Range"] == "bytes */10"
    else:
        assert "Content-Range" not in planned.headers
    if status in (200, 206, 304):
        assert planned.headers["ETag"] == ETAG
        assert planned.headers["Last-Modified"] == DATE


def test_head_ignores_ranges() -> None:
    assert plan({"Range": "bytes=2-4"}, "HEAD").status == 200
    assert plan({"Range": "bytes=90-"}, "HEAD").status == 200
    assert plan({"If-None-Match": ETAG}, "HEAD").status == 304


def test_not_modified_has_no_content_fields() -> None:
    facts = FileFacts(10, 1, "gzip", varies=True)
    planned = plan({"If-None-Match": "*"}, facts=facts)
    assert set(planned.headers) == {"ETag", "Last-Modified", "Vary"}


def test_an_encoded_file_is_another_representation() -> None:
    planned = plan(facts=FileFacts(10, FACTS.mtime_ns, "br", varies=True))
    assert planned.headers["Content-Encoding"] == "br"
    assert planned.headers["Vary"] == "Accept-Encoding"
    assert planned.headers["ETag"] == ETAG[:-1] + '-br"'
    assert "Vary" in plan(facts=FileFacts(10, 1, None, varies=True)).headers
    assert plan({"If-None-Match": ETAG}, facts=FileFacts(10, FACTS.mtime_ns, "br")).status == 200


def test_given_fields_win() -> None:
    given = {"ETag": '"mine"', "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT"}
    given["Content-Type"] = "a/b"
    planned = plan(given=given)
    assert {name: planned.headers[name] for name in given} == given
    assert plan({"If-None-Match": '"mine"'}, given=given).status == 304
    assert plan({"If-Modified-Since": given["Last-Modified"]}, given=given).status == 304
    assert plan({"If-None-Match": ETAG}, given=given).status == 200


def test_another_status_ignores_conditions_and_ranges() -> None:
    for fields in ({"If-None-Match": "*"}, {"Range": "bytes=2-4"}, {"If-Match": '"x"'}):
        planned = plan(fields, status=404)
        assert (planned.status, body(planned)) == (404, DATA)


def test_a_file_from_the_future() -> None:
    assert plan(now=T - 1000.0).headers["Last-Modified"] == "Sun, 06 Nov 1994 08:32:57 GMT"
    assert plan(now=T + 1000.0).headers["Last-Modified"] == DATE


@pytest.mark.parametrize(
    ("value", "status"),
    [("bytes=0-", 416), ("bytes=0-0", 416), ("bytes=-1", 200), ("bytes=0-1,5-6", 416)],
)
def test_an_empty_file(value: str, status: int) -> None:
    planned = plan({"Range": value}, facts=FileFacts(0, 1))
    assert planned.status == status
    if status == 416:
        assert planned.headers["Content-Range"] == "bytes */0"
    assert plan(facts=FileFacts(0, 1)).length == 0


@settings(deadline=None)
@given(
    ranges=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), min_size=2, max_size=16),
    size=st.integers(1, 30),
)
def test_several_ranges_read_by_another_parser(ranges: list[tuple[int, int]], size: int) -> None:
    data = bytes(range(97, 97 + size))
    value = "bytes=" + ",".join(f"{start}-{start + more}" for start, more in ranges)
    planned = plan({"Range": value}, facts=FileFacts(size, 1), boundary="BoUnDaRy")
    sent = body(planned, data)
    assert planned.length == len(sent)
    if planned.status == 416:
        assert all(start >= size for start, _ in ranges)
        return
    assert planned.status == 206
    assert planned.headers["Content-Length"] == str(len(sent))
    wanted = {p for start, more in ranges for p in range(start, min(start + more + 1, size))}
    if len(planned.segments) == 1:
        first, last = planned.headers["Content-Range"].split()[1].split("/")[0].split("-")
        assert set(range(int(first), int(last) + 1)) == wanted
        assert sent == data[int(first) : int(last) + 1]
        return
    message = email.message_from_bytes(
        f"Content-Type: {planned.headers['Content-Type']}\r\n\r\n".encode() + sent
    )
    got = set()
    for part in message.walk():
        if part.is_multipart():
            continue
        assert part.get_content_type() == "text/plain"
        first, last = str(part["Content-Range"]).split()[1].split("/")[0].split("-")
        assert part.get_payload() == data[int(first) : int(last) + 1].decode()
        got |= set(range(int(first), int(last) + 1))
    assert got == wanted


def test_boundaries_cannot_be_foreseen() -> None:
    fields = {"Range": "bytes=0-1,5-6"}
    one, other = plan(fields), plan(fields)
    assert one.headers["Content-Type"] != other.headers["Content-Type"]
    assert len(one.headers["Content-Type"]) == len("multipart/byteranges; boundary=") + 32


@pytest.mark.parametrize("seconds", [-(10**12), -62_135_596_801, -1, 253_402_300_800, 10**12])
@pytest.mark.parametrize("now", [None, 1e9])
def test_any_time_of_change(seconds: int, now: float | None) -> None:
    planned = plan(facts=FileFacts(10, seconds * 10**9), now=now)
    assert planned.headers["Last-Modified"].endswith("GMT")
    fields = {"If-None-Match": planned.headers["ETag"]}
    assert plan(fields, facts=FileFacts(10, seconds * 10**9)).status == 304


@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_status_without_content(method: str, status: int) -> None:
    planned = plan({"Range": "bytes=2-4"}, method, status=status)
    assert (planned.status, body(planned), planned.length) == (status, b"", 0)


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        (FilePlan(200, {"ETag": '"a"'}, (), b"", 0), {"ETag": '"a"', "Content-Type": "text/html"}),
        (FilePlan(304, {"ETag": '"a"'}, (), b"", 0), {"ETag": '"a"', "Content-Type": None}),
        (FilePlan(412, {"Content-Type": "text/plain"}, (), b"", 0),
            {"Content-Type": "text/plain", "Content-Encoding": None, "Cache-Control": None}),
        (FilePlan(200, {"Vary": "Accept-Encoding"}, (), b"", 0),
            {"Vary": "Cookie, Accept-Encoding", "Cache-Control": "no-cache"}),
    ],
)  # fmt: skip
def test_apply_plan(planned: FilePlan, expected: dict[str, str | None]) -> None:
    response = Response(
        headers={
            "Content-Type": "text/html",
            "Content-Encoding": "gzip",
            "Cache-Control": "no-cache",
            "Vary": "Cookie",
        }
    )
    apply_plan(planned, response)
    assert response.status == planned.status
    for name, value in expected.items():
        assert response.headers.get(name) == value
