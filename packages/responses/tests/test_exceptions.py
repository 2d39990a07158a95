"""Exceptions that are responses: the contract's list, then the constructors."""

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
    HTTPNoContent,
    HTTPNotFound,
    HTTPRedirection,
    HTTPRequestEntityTooLarge,
    HTTPServerError,
    HTTPSuccessful,
    HTTPUnavailableForLegalReasons,
    Response,
    _exceptions,
    exceptions,
)

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
ROWS = [
    (int(status), name, reason)
    for status, name, reason in (line.split(maxsplit=2) for line in FAMILY.strip().splitlines())
]
BASES: list[Any] = [
    HTTPException, HTTPError, HTTPSuccessful, HTTPRedirection, HTTPClientError, HTTPServerError,
    HTTPMove,
]  # fmt: skip
EMPTY = {204, 205, 304}
PLAIN = "text/plain; charset=utf-8"

# The arguments that a constructor needs, the fields that they make, and the text if it is not the
# default one.
Extra = tuple[tuple[Any, ...], list[tuple[str, str]], str | None]
MOVED: Extra = (("/there?a=b",), [("Location", "/there?a=b")], None)
WHY = "http://example.org/why"
EXTRA: dict[int, Extra] = {
    **dict.fromkeys((300, 301, 302, 303, 305, 307, 308), MOVED),
    405: (("put", ["POST", "GET"]), [("Allow", "GET,POST")], None),
    413: ((10,), [], "Maximum request body size 10 exceeded"),
    451: ((WHY,), [("Link", f'<{WHY}>; rel="blocked-by"')], None),
}


def test_the_list_is_complete() -> None:
    names = {name for _, name, _ in ROWS} | {base.__name__ for base in BASES}
    assert set(exceptions.__all__) == names
    assert len(exceptions.__all__) == len(names)
    assert {name for name in treadle_responses.__all__ if name.startswith("HTTP")} == names
    for name in names:
        assert getattr(treadle_responses, name) is getattr(exceptions, name)


@pytest.mark.parametrize(("status", "name", "reason"), ROWS)
def test_class(send: Make, status: int, name: str, reason: str) -> None:
    cls: type[HTTPException] = getattr(treadle_responses, name)
    arguments, fields, text = EXTRA.get(status, ((), [], None))
    if status in EMPTY:
        text = None
    elif text is None:
        text = f"{status}: {reason}"
    with pytest.raises(HTTPException) as caught:
        raise cls(*arguments)
    error = caught.value
    assert type(error) is cls
    assert isinstance(error, Response)
    assert (cls.status_code, error.status, error.reason) == (status, status, reason)
    assert (str(error), error.args, bool(error)) == (reason, (reason,), True)
    assert (cls.empty_body, error.text) == (status in EMPTY, text)
    assert str(cls.__doc__).startswith(str(status))

    family = {2: HTTPSuccessful, 3: HTTPRedirection, 4: HTTPClientError, 5: HTTPServerError}
    assert {base for base in family.values() if issubclass(cls, base)} == {family[status // 100]}
    assert issubclass(cls, HTTPError) is (status >= 400)
    assert issubclass(cls, HTTPMove) is (status // 100 == 3 and status != 304)

    expected = list(fields)
    if status not in (204, 304):
        expected.append(("Content-Length", str(len(text or ""))))
        if status != 205:
            expected.append(("Content-Type", PLAIN))
    for method in ("GET", "HEAD"):
        wire = send(cls(*arguments), method)
        assert (wire.status, wire.reason) == (status, reason)
        assert wire.body == (b"" if method == "HEAD" else (text or "").encode())
        assert sorted(wire.fields) == sorted(expected)


def test_most_classes_are_only_a_status() -> None:
    """Classes with the same constructor differ only in data: one test per constructor is enough."""
    for name in set(exceptions.__all__) - set(_exceptions.__all__):
        own = {key for key in vars(getattr(exceptions, name)) if not key.startswith("_")}
        assert "status_code" in own
        assert own <= {"status_code", "empty_body"}, name


# Constructors. The first rows are for the classes that are only a status.

REQUIRED: dict[type[HTTPException], tuple[Any, ...]] = {
    HTTPNotFound: (),
    HTTPNoContent: (),
    HTTPFound: ("/there?a=b",),
    HTTPMethodNotAllowed: ("put", ["POST", "GET"]),
    HTTPRequestEntityTooLarge: (10,),
    HTTPUnavailableForLegalReasons: ("http://example.org/why",),
}
every_constructor = pytest.mark.parametrize("cls", REQUIRED)


def make(cls: type[HTTPException], **given: Any) -> HTTPException:
    return cls(*REQUIRED[cls], **given)


@every_constructor
def test_constructor_arguments(cls: type[HTTPException]) -> None:
    error = make(cls, reason="Because", headers={"X": "y"}, text="<p>", content_type="text/html")
    assert (error.reason, error.text, error.content_type) == ("Because", "<p>", "text/html")
    assert error.headers["X"] == "y"
    assert str(error) == "Because"
    with pytest.warns(DeprecationWarning, match="body argument is deprecated") as warned:
        by_body = make(cls, body=b"\0", headers=[("X", "y")])
    assert [warning.filename for warning in warned] == [__file__]
    assert (by_body.body, by_body.headers["X"]) == (b"\0", "y")
    assert by_body.content_type == "application/octet-stream"
    if not cls.empty_body and cls is not HTTPRequestEntityTooLarge:
        assert make(cls, reason="Because").text == f"{cls.status_code}: Because"
    typed = make(cls, headers={"Content-Type": "application/problem+json"}, text="{}")
    assert typed.headers["Content-Type"] == "application/problem+json; charset=utf-8"


@every_constructor
def test_constructor_errors(cls: type[HTTPException]) -> None:
    with pytest.raises(ValueError, match="Reason cannot contain"):
        make(cls, reason="a\r\nX: y")
    with (
        pytest.warns(DeprecationWarning, match="body argument"),
        pytest.raises(ValueError, match="not allowed together"),
    ):
        make(cls, text="a", body=b"a")
    positional = (10, 11) if cls is HTTPRequestEntityTooLarge else REQUIRED[cls]
    one_more: tuple[Any, ...] = (*positional, "text")
    with pytest.raises(TypeError, match="positional argument"):
        cls(*one_more)
    if REQUIRED[cls]:
        with pytest.raises(TypeError):
            cls()


@every_constructor
def test_signatures_are_keywords_but_for_the_named_ones(cls: type[HTTPException]) -> None:
    parameters = inspect.signature(cls).parameters.values()
    keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    assert keywords == ["headers", "reason", "body", "text", "content_type"]
    assert all(p.default is None for p in parameters if p.kind is p.KEYWORD_ONLY)


@every_constructor
def test_used_like_any_response(cls: type[HTTPException]) -> None:
    """Middlewares for sessions and error pages change a caught exception."""
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
@every_constructor
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


@pytest.mark.parametrize("base", BASES)
def test_bases_have_no_status(base: Any, run: Make, ask: Make) -> None:
    """They can be raised as any exception, and caught; a response needs a status."""
    error = base(*["/x"] if base is HTTPMove else [])
    assert (error.status, error.as_single_write()) == (-1, None)
    with pytest.raises(RuntimeError, match=f"{base.__name__} has no status"):
        run(error.prepare(ask()))


def test_docstrings() -> None:
    assert inspect.getdoc(HTTPNotFound) == "404 Not Found."
    assert str(inspect.getdoc(HTTPMethodNotAllowed)).startswith("405; ")

    class Teapot(HTTPNotFound):
        status_code = 499

    class Documented(HTTPNotFound):
        """Mine."""

        status_code = 499

    class Inherited(HTTPNotFound):
        pass

    assert (Teapot.__doc__, Documented.__doc__, Inherited.__doc__) == ("499.", "Mine.", None)


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
    assert error.location is location


@pytest.mark.parametrize("location", ["", URL(""), "  ", "\r\n", None])
def test_no_location(location: Any) -> None:
    with pytest.raises(ValueError, match="need a location"):
        HTTPFound(location)


@pytest.mark.parametrize("location", [1, b"/a"])
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
        ((10, 11), {"text": ""}, ""),
    ],
)
def test_too_large(arguments: tuple[int, ...], given: dict[str, Any], text: str) -> None:
    assert HTTPRequestEntityTooLarge(*arguments, **given).text == text


@pytest.mark.parametrize(
    ("link", "attribute", "field"),
    [
        (None, None, None),
        ("", None, None),
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
            _ = vars(exceptions)["HTTPNothing"]
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
    assert HTTPFound("/a").as_single_write() == (
        302,
        None,
        b"Content-Type: text/plain; charset=utf-8\r\nLocation: /a\r\nContent-Length: 10\r\n",
        b"302: Found",
    )


def test_one_allowed_method_is_a_list_of_one() -> None:
    with pytest.raises(TypeError, match=r"allowed_methods is a list of methods, \['GET'\] for one"):
        HTTPMethodNotAllowed("PUT", "GET")
