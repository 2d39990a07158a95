"""Regression tests named by the advisory that they are about."""

from collections.abc import Callable
from http.cookies import CookieError
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from treadle_responses import (
    HTTPFound,
    HTTPMethodNotAllowed,
    HTTPNotFound,
    HTTPUnavailableForLegalReasons,
    Response,
    StreamResponse,
    html_response,
    json_response,
)

Make = Callable[..., Any]
SPLIT = "x\r\nSet-Cookie: evil=1"
BREAKS = ["\r", "\n", "\r\n", "\0"]


# aiohttp GHSA-m6qw, GHSA-2vrm, GHSA-mwh4; tornado CVE-2026-35536, CVE-2025-67724:
# CR, LF and NUL are refused in reasons and cookie attributes.


@pytest.mark.parametrize("chars", BREAKS)
def test_ghsa_mwh4_reasons(chars: str) -> None:
    reason = f"Fine{chars}Set-Cookie: evil=1"
    response = StreamResponse()
    refused: list[Callable[[], object]] = [
        lambda: StreamResponse(reason=reason),
        lambda: Response(reason=reason),
        lambda: json_response(1, reason=reason),
        lambda: html_response("x", reason=reason),
        lambda: HTTPNotFound(reason=reason),
        lambda: HTTPFound("/x", reason=reason),
        lambda: response.set_status(200, reason),
    ]
    for call in refused:
        with pytest.raises(ValueError, match="Reason cannot contain"):
            call()
    assert response.reason == "OK"


@pytest.mark.parametrize("chars", [*BREAKS, "; "])
@pytest.mark.parametrize("attribute", ["path", "domain", "samesite", "expires", "max_age"])
def test_cve_2026_35536_cookie_attributes(attribute: str, chars: str) -> None:
    given: dict[str, Any] = {attribute: f"x{chars}Domain=evil.example"}
    response = StreamResponse()
    with pytest.raises(ValueError, match=attribute.replace("_", "-")):
        response.set_cookie("session", "1", **given)
    if attribute in ("path", "domain", "samesite"):
        with pytest.raises(ValueError, match=attribute):
            response.del_cookie("session", **given)
    assert response.cookies == {}


# aiohttp GHSA-45c4 and its family, uvicorn CVE-2020-7695: CR, LF and NUL never end a field.
# Setters refuse them in their values; the writer checks all others (``ResponseWriter.write_head``).


@pytest.mark.parametrize("chars", BREAKS)
def test_ghsa_45c4_setters(chars: str) -> None:
    bad = f"x{chars}y"
    response = Response()
    refused: list[Callable[[], object]] = [
        lambda: Response(content_type=bad),
        lambda: Response(text="x", charset=bad),
        lambda: json_response(1, content_type=bad),
        lambda: html_response("x", charset=bad),
        lambda: setattr(response, "content_type", bad),
        lambda: setattr(response, "etag", bad),
        lambda: response.set_cookie("name", bad),
        lambda: response.set_cookie(bad, "value"),
    ]
    for call in refused:
        with pytest.raises((ValueError, CookieError)):
            call()
    response.content_type = "text/x"
    with pytest.raises(ValueError, match="charset"):
        response.charset = bad
    single = response.as_single_write()
    assert single is not None
    assert single[2] == b"Content-Type: text/x\r\nContent-Length: 0\r\n"


@pytest.mark.parametrize("chars", BREAKS)
def test_ghsa_45c4_other_fields_reach_the_writer_in_one_piece(send: Make, chars: str) -> None:
    makers: list[Callable[[], StreamResponse]] = [
        lambda: Response(headers={"X": f"a{chars}b"}),
        lambda: StreamResponse(headers={f"X{chars}Y": "a"}),
        lambda: HTTPNotFound(headers={"X": f"a{chars}b"}),
        lambda: HTTPMethodNotAllowed("GET", [f"PUT{chars}X: y"]),
    ]
    for make in makers:
        response = make()
        # Not the fast path, which checks nothing.
        assert not isinstance(response, Response) or response.as_single_write() is None
        with pytest.raises(ValueError, match="cannot be sent"):
            send(response)
        assert not response.prepared


@pytest.mark.parametrize("chars", BREAKS)
def test_redirects_cannot_split_the_head(chars: str) -> None:
    for location in (f"/a{chars}Set-Cookie: evil=1", URL(f"/a{chars}b", encoded=False)):
        field = HTTPFound(location).headers["Location"]
        assert field.isprintable()
    link = HTTPUnavailableForLegalReasons(f"http://a/{chars}>; rel=x").headers["Link"]
    assert link.isprintable()
    assert link.count(">") == 1


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_the_fast_path_is_two_lines_whatever_is_set(reason: str, kind: str, charset: str) -> None:
    try:
        response = Response(body=b"x", reason=reason, content_type=kind, charset=charset)
        response.content_type = kind
    except ValueError:
        return
    single = response.as_single_write()
    assert single is not None
    lines = single[2].split(b"\r\n")
    assert len(lines) == 3
    assert lines[0].startswith(b"Content-Type: ")
    assert lines[1:] == [b"Content-Length: 1", b""]
    assert not any(byte < 32 for byte in lines[0])


# aiohttp GHSA-7gpw; twisted CVE-2024-41810: the body of an error is text, not HTML, and the body of
# a redirect does not repeat its location.


def test_cve_2024_41810_bodies_of_redirects() -> None:
    error = HTTPFound('http://example.org/"><script>alert(1)</script>')
    assert error.text == "302: Found"
    assert error.content_type == "text/plain"
    assert "<script" not in error.headers["Location"]


def test_ghsa_7gpw_default_pages_are_plain_text() -> None:
    error = HTTPNotFound(reason="<script>alert(1)</script>")
    assert error.headers["Content-Type"] == "text/plain; charset=utf-8"


# Contract section 13, 1: a response to HEAD never has body bytes.


@pytest.mark.parametrize("make", [lambda: Response(text="x"), HTTPNotFound])
def test_head_has_no_body(send: Make, make: Callable[[], Response]) -> None:
    wire = send(make(), "HEAD")
    assert wire.calls == ["hook", "head", "eof"]
    assert wire.get("Content-Length") == [str(make().content_length)]
