"""Every class of the family, generated over ``__all__``: built, raised, sent, changed."""

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from yarl import URL

import treadle_responses
from treadle_responses import (
    HTTPClientError,
    HTTPError,
    HTTPException,
    HTTPFound,
    HTTPMethodNotAllowed,
    HTTPMove,
    HTTPNotFound,
    HTTPRedirection,
    HTTPRequestEntityTooLarge,
    HTTPServerError,
    HTTPSuccessful,
    HTTPUnavailableForLegalReasons,
    Response,
)
from treadle_responses import _exceptions as module

Make = Callable[..., Any]

# Status, class, reason: the contract's list. Reasons are RFC 9110's and the registry's.
FAMILY = """
    200 HTTPOk                              OK
    201 HTTPCreated                         Created
    202 HTTPAccepted                        Accepted
    203 HTTPNonAuthoritativeInformation     Non-Authoritative Information
    204 HTTPNoContent                       No Content
    205 HTTPResetContent                    Reset Content
    206 HTTPPartialContent                  Partial Content
    208 HTTPAlreadyReported                 Already Reported
    226 HTTPIMUsed                          IM Used
    300 HTTPMultipleChoices                 Multiple Choices
    301 HTTPMovedPermanently                Moved Permanently
    302 HTTPFound                           Found
    303 HTTPSeeOther                        See Other
    304 HTTPNotModified                     Not Modified
    305 HTTPUseProxy                        Use Proxy
    307 HTTPTemporaryRedirect               Temporary Redirect
    308 HTTPPermanentRedirect               Permanent Redirect
    400 HTTPBadRequest                      Bad Request
    401 HTTPUnauthorized                    Unauthorized
    402 HTTPPaymentRequired                 Payment Required
    403 HTTPForbidden                       Forbidden
    404 HTTPNotFound                        Not Found
    405 HTTPMethodNotAllowed                Method Not Allowed
    406 HTTPNotAcceptable                   Not Acceptable
    407 HTTPProxyAuthenticationRequired     Proxy Authentication Required
    408 HTTPRequestTimeout                  Request Timeout
    409 HTTPConflict                        Conflict
    410 HTTPGone                            Gone
    411 HTTPLengthRequired                  Length Required
    412 HTTPPreconditionFailed              Precondition Failed
    413 HTTPRequestEntityTooLarge           Content Too Large
    414 HTTPRequestURITooLong               URI Too Long
    415 HTTPUnsupportedMediaType            Unsupported Media Type
    416 HTTPRequestRangeNotSatisfiable      Range Not Satisfiable
    417 HTTPExpectationFailed               Expectation Failed
    418 HTTPImATeapot                       I'm a Teapot
    421 HTTPMisdirectedRequest              Misdirected Request
    422 HTTPUnprocessableEntity             Unprocessable Content
    423 HTTPLocked                          Locked
    424 HTTPFailedDependency                Failed Dependency
    425 HTTPTooEarly                        Too Early
    426 HTTPUpgradeRequired                 Upgrade Required
    428 HTTPPreconditionRequired            Precondition Required
    429 HTTPTooManyRequests                 Too Many Requests
    431 HTTPRequestHeaderFieldsTooLarge     Request Header Fields Too Large
    451 HTTPUnavailableForLegalReasons      Unavailable For Legal Reasons
    500 HTTPInternalServerError             Internal Server Error
    501 HTTPNotImplemented                  Not Implemented
    502 HTTPBadGateway                      Bad Gateway
    503 HTTPServiceUnavailable              Service Unavailable
    504 HTTPGatewayTimeout                  Gateway Timeout
    505 HTTPVersionNotSupported             HTTP Version Not Supported
    506 HTTPVariantAlsoNegotiates           Variant Also Negotiates
    507 HTTPInsufficientStorage             Insufficient Storage
    508 HTTPLoopDetected                    Loop Detected
    510 HTTPNotExtended                     Not Extended
    511 HTTPNetworkAuthenticationRequired   Network Authentication Required
"""
ROWS = [line.split(maxsplit=2) for line in FAMILY.strip().splitlines()]
TABLE = {name: (int(status), reason) for status, name, reason in ROWS}
BASES = {
    "HTTPException",
    "HTTPError",
    "HTTPSuccessful",
    "HTTPRedirection",
    "HTTPClientError",
    "HTTPServerError",
    "HTTPMove",
}
CLASSES: list[type[HTTPException]] = [getattr(treadle_responses, name) for name in TABLE]
EMPTY = {204, 205, 304}
PLAIN = "text/plain; charset=utf-8"


def required(cls: type[HTTPException]) -> tuple[Any, ...]:
    """Return the positional arguments that the constructor needs; ``FIELDS`` has what they do."""
    if issubclass(cls, HTTPMove):
        return ("/there?a=b",)
    if cls is HTTPMethodNotAllowed:
        return ("put", ["POST", "GET"])
    if cls is HTTPRequestEntityTooLarge:
        return (10,)
    if cls is HTTPUnavailableForLegalReasons:
        return ("http://example.org/why",)
    return ()


FIELDS: dict[str, list[tuple[str, str]]] = {
    "HTTPMethodNotAllowed": [("Allow", "GET,POST")],
    "HTTPUnavailableForLegalReasons": [("Link", '<http://example.org/why>; rel="blocked-by"')],
} | {cls.__name__: [("Location", "/there?a=b")] for cls in CLASSES if issubclass(cls, HTTPMove)}


def make(cls: type[HTTPException], **given: Any) -> HTTPException:
    return cls(*required(cls), **given)


def test_the_table_is_the_module() -> None:
    assert set(module.__all__) == set(TABLE) | BASES
    assert all(getattr(treadle_responses, name) is getattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("cls", CLASSES)
def test_built(cls: type[HTTPException]) -> None:
    status, reason = TABLE[cls.__name__]
    error = make(cls)
    assert (cls.status_code, error.status, error.reason) == (status, status, reason)
    assert cls.empty_body is (status in EMPTY)
    assert str(error) == reason
    assert error.args == (reason,)
    assert bool(error) is True
    assert isinstance(error, Response)
    if status in EMPTY:
        assert (error.body, error.text) == (None, None)
    elif cls is HTTPRequestEntityTooLarge:
        assert error.text == "Maximum request body size 10 exceeded"
    else:
        assert error.text == f"{status}: {reason}"
        assert (error.content_type, error.charset) == ("text/plain", "utf-8")


@pytest.mark.parametrize("cls", CLASSES)
def test_under_its_base(cls: type[HTTPException]) -> None:
    base = {2: HTTPSuccessful, 3: HTTPRedirection, 4: HTTPClientError, 5: HTTPServerError}
    bases = {HTTPSuccessful, HTTPRedirection, HTTPClientError, HTTPServerError}
    mine = base[cls.status_code // 100]
    assert issubclass(cls, mine)
    assert not any(issubclass(cls, other) for other in bases - {mine})
    assert issubclass(cls, HTTPError) is (cls.status_code >= 400)
    assert issubclass(cls, HTTPMove) is (cls.status_code // 100 == 3 and cls.status_code != 304)
    assert issubclass(cls, Exception)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("cls", CLASSES)
def test_raised_caught_and_sent(send: Make, cls: type[HTTPException], method: str) -> None:
    status, reason = TABLE[cls.__name__]

    with pytest.raises(HTTPException) as caught:
        raise make(cls)
    wire = send(caught.value, method)
    assert (wire.status, wire.reason) == (status, reason)
    text = caught.value.text or ""
    assert wire.body == (b"" if method == "HEAD" else text.encode())
    expected = list(FIELDS.get(cls.__name__, []))
    if status not in (204, 304):
        expected.append(("Content-Length", str(len(text))))
        expected.append(("Content-Type", "application/octet-stream" if status == 205 else PLAIN))
    assert sorted(wire.fields) == sorted(expected)


@pytest.mark.parametrize("cls", CLASSES)
def test_constructor_arguments(cls: type[HTTPException]) -> None:
    error = make(cls, reason="Because", headers={"X": "y"}, text="<p>", content_type="text/html")
    assert (error.reason, error.text, error.content_type) == ("Because", "<p>", "text/html")
    assert error.headers["X"] == "y"
    assert str(error) == "Because"
    by_body = make(cls, body=b"\0", headers=[("X", "y")])
    assert (by_body.body, by_body.headers["X"]) == (b"\0", "y")
    assert by_body.content_type == "application/octet-stream"
    if cls.status_code not in EMPTY and cls is not HTTPRequestEntityTooLarge:
        assert make(cls, reason="Because").text == f"{cls.status_code}: Because"
    typed = make(cls, headers={"Content-Type": "application/problem+json"}, body=b"{}")
    assert typed.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("cls", CLASSES)
def test_constructor_errors(cls: type[HTTPException]) -> None:
    with pytest.raises(ValueError, match="control characters"):
        make(cls, reason="a\r\nX: y")
    with pytest.raises(ValueError, match="not allowed together"):
        make(cls, text="a", body=b"a")
    positional = (10, 11) if cls is HTTPRequestEntityTooLarge else required(cls)
    one_more: tuple[Any, ...] = (*positional, "text")
    with pytest.raises(TypeError, match="positional argument"):
        cls(*one_more)
    if required(cls):
        with pytest.raises(TypeError):
            cls()


@pytest.mark.parametrize("cls", CLASSES)
def test_signatures_are_keywords_but_for_the_named_ones(cls: type[HTTPException]) -> None:
    parameters = inspect.signature(cls).parameters.values()
    keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    assert keywords == ["headers", "reason", "body", "text", "content_type"]
    assert all(p.default is None for p in parameters if p.kind is p.KEYWORD_ONLY)


@pytest.mark.parametrize("cls", CLASSES)
def test_used_like_any_response(cls: type[HTTPException]) -> None:
    """What session and error page middlewares do with a caught exception."""
    error = make(cls)
    error.set_cookie("session", "1")
    error["state"] = 1
    error.text = "page"
    error.content_type = "text/html"
    error.headers["X"] = "y"
    assert not error.prepared
    assert error["state"] == 1
    assert (error.text, error.content_type) == ("page", "text/html")
    assert {error: 1}[error] == 1
    assert error != make(cls)


@pytest.mark.parametrize("duplicate", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
@pytest.mark.parametrize("cls", CLASSES)
def test_copied(cls: type[HTTPException], duplicate: Make) -> None:
    """A process pool pickles what a job raises."""
    error = make(cls, reason="Because", headers={"X": "y"})
    error.set_cookie("a", "b")
    again = duplicate(error)
    assert type(again) is cls
    assert (again.status, again.reason, again.body) == (error.status, "Because", error.body)
    assert again.args == error.args
    assert again.headers == error.headers
    assert again.cookies == error.cookies


@pytest.mark.parametrize("name", sorted(BASES - {"HTTPMove"}))
def test_bases_have_no_status(name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} has no status"):
        getattr(treadle_responses, name)()


def test_the_base_of_redirects_has_no_status() -> None:
    with pytest.raises(TypeError, match="HTTPMove has no status"):
        HTTPMove("/x")


def test_own_classes() -> None:
    class Nope(HTTPClientError):
        status_code = 499

    class Quiet(HTTPClientError):
        status_code = 498
        empty_body = True

    assert (Nope().status, Nope().reason, Nope().text) == (499, "", "499: ")
    assert (Quiet(reason="Shh").reason, Quiet().body) == ("Shh", None)


# Constructors with arguments of their own.


@pytest.mark.parametrize(
    ("location", "field"),
    [
        ("/a", "/a"),
        ("a?b=c#d", "a?b=c#d"),
        ("?b=c", "?b=c"),
        ("#d", "#d"),
        ("http://example.org/", "http://example.org/"),
        (URL("/a b"), "/a%20b"),
        ("/\xfc b", "/%C3%BC%20b"),
        ("/a%20b%2Fc", "/a%20b%2Fc"),
        ('/<script>"', "/%3Cscript%3E%22"),
        ("http://m\xfcller.example/", "http://xn--mller-kva.example/"),
    ],
)
def test_location(location: str | URL, field: str) -> None:
    error = HTTPFound(location)
    assert error.headers["Location"] == field
    assert error.location == URL(location)
    assert type(error.location) is URL


@pytest.mark.parametrize("location", ["", URL(""), "  ", "\r\n"])
def test_no_location(location: str | URL) -> None:
    with pytest.raises(ValueError, match="need a location"):
        HTTPFound(location)


@pytest.mark.parametrize("location", [None, 1, b"/a"])
def test_a_location_of_another_type(location: Any) -> None:
    with pytest.raises(TypeError):
        HTTPFound(location)


def test_a_location_that_is_no_url() -> None:
    with pytest.raises(ValueError, match="IPv6"):
        HTTPFound("http://[::1/")


@pytest.mark.parametrize(
    ("allowed", "field"),
    [
        (["POST", "GET"], "GET,POST"),
        ({"GET"}, "GET"),
        ((method for method in ("PUT", "DELETE")), "DELETE,PUT"),
        ([], ""),
        (["GET", "GET"], "GET"),
    ],
)
def test_method_not_allowed(allowed: Any, field: str) -> None:
    error = HTTPMethodNotAllowed("get", allowed)
    assert error.headers["Allow"] == field
    assert error.allowed_methods == set(filter(None, field.split(",")))
    assert error.method == "GET"


@pytest.mark.parametrize(
    ("arguments", "given", "text"),
    [
        ((10,), {}, "Maximum request body size 10 exceeded"),
        ((10, 11), {}, "Maximum request body size 10 exceeded, actual body size 11"),
        ((10,), {"actual_size": 11}, "Maximum request body size 10 exceeded, actual body size 11"),
        ((10, 11), {"text": "mine"}, "mine"),
        ((10, 11), {"body": b""}, ""),
    ],
)
def test_too_large(arguments: tuple[int, ...], given: dict[str, Any], text: str) -> None:
    assert HTTPRequestEntityTooLarge(*arguments, **given).text == text


@pytest.mark.parametrize(
    ("link", "attribute", "field"),
    [
        (None, None, None),
        ("", URL(""), None),
        ("http://a/", URL("http://a/"), '<http://a/>; rel="blocked-by"'),
        (URL("http://a/>b"), URL("http://a/>b"), '<http://a/%3Eb>; rel="blocked-by"'),
    ],
)
def test_legal_reasons(link: str | URL | None, attribute: URL | None, field: str | None) -> None:
    error = HTTPUnavailableForLegalReasons(link)
    assert error.link == attribute
    assert error.headers.get("Link") == field


def test_caught_by_base() -> None:
    for base in (HTTPNotFound, HTTPClientError, HTTPError, HTTPException, Exception):
        with pytest.raises(base):
            raise HTTPNotFound


def test_the_cause_is_kept() -> None:
    def handler() -> None:
        try:
            _ = TABLE["HTTPNothing"]
        except KeyError as error:
            raise HTTPNotFound from error

    with pytest.raises(HTTPNotFound) as caught:
        handler()
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.with_traceback(None).__traceback__ is None


def test_single_write_of_plain_ones() -> None:
    assert HTTPNotFound().as_single_write() == (
        404,
        None,
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n",
        b"404: Not Found",
    )
    assert HTTPFound("/a").as_single_write() is None
