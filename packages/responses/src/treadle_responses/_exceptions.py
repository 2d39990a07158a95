"""The exceptions that are responses: one class per status of RFC 9110 and its neighbours.

A handler raises one to answer with it; it is a ``Response`` too, so that a middleware can read
and change it like any other. The classes are data: a status, and whether a body is allowed. Only
redirects, 405, 413 and 451 have more to say.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from yarl import URL

from ._error_pages import ErrorPage, error_page
from ._head import LooseHeaders
from ._response import Body, Response
from ._status import default_reason

__all__ = [
    "HTTPAccepted",
    "HTTPAlreadyReported",
    "HTTPBadGateway",
    "HTTPBadRequest",
    "HTTPClientError",
    "HTTPConflict",
    "HTTPCreated",
    "HTTPError",
    "HTTPException",
    "HTTPExpectationFailed",
    "HTTPFailedDependency",
    "HTTPForbidden",
    "HTTPFound",
    "HTTPGatewayTimeout",
    "HTTPGone",
    "HTTPIMUsed",
    "HTTPImATeapot",
    "HTTPInsufficientStorage",
    "HTTPInternalServerError",
    "HTTPLengthRequired",
    "HTTPLocked",
    "HTTPLoopDetected",
    "HTTPMethodNotAllowed",
    "HTTPMisdirectedRequest",
    "HTTPMove",
    "HTTPMovedPermanently",
    "HTTPMultipleChoices",
    "HTTPNetworkAuthenticationRequired",
    "HTTPNoContent",
    "HTTPNonAuthoritativeInformation",
    "HTTPNotAcceptable",
    "HTTPNotExtended",
    "HTTPNotFound",
    "HTTPNotImplemented",
    "HTTPNotModified",
    "HTTPOk",
    "HTTPPartialContent",
    "HTTPPaymentRequired",
    "HTTPPermanentRedirect",
    "HTTPPreconditionFailed",
    "HTTPPreconditionRequired",
    "HTTPProxyAuthenticationRequired",
    "HTTPRedirection",
    "HTTPRequestEntityTooLarge",
    "HTTPRequestHeaderFieldsTooLarge",
    "HTTPRequestRangeNotSatisfiable",
    "HTTPRequestTimeout",
    "HTTPRequestURITooLong",
    "HTTPResetContent",
    "HTTPSeeOther",
    "HTTPServerError",
    "HTTPServiceUnavailable",
    "HTTPSuccessful",
    "HTTPTemporaryRedirect",
    "HTTPTooEarly",
    "HTTPTooManyRequests",
    "HTTPUnauthorized",
    "HTTPUnavailableForLegalReasons",
    "HTTPUnprocessableEntity",
    "HTTPUnsupportedMediaType",
    "HTTPUpgradeRequired",
    "HTTPUseProxy",
    "HTTPVariantAlsoNegotiates",
    "HTTPVersionNotSupported",
]


class HTTPException(Response, Exception):
    """The base; raise the class of the status you mean, or subclass it with a ``status_code``.

    Without ``text`` and ``body`` the text is the status and its reason, for example
    ``404: Not Found``. Statuses that allow no body have none.
    """

    status_code: ClassVar[int] = -1
    #: Whether the status allows no body.
    empty_body: ClassVar[bool] = False
    # Whether the body is one that was given, or none; see ``default_page``.
    _own_body: bool = True

    def __init__(
        self,
        *,
        headers: LooseHeaders | None = None,
        reason: str | None = None,
        body: Body | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if self.status_code < 0:
            raise TypeError(
                f"{type(self).__name__} has no status: raise a subclass that sets status_code"
            )
        if text is None and body is None and not self.empty_body:
            text = f"{self.status_code}: {reason or default_reason(self.status_code)}"
            self._own_body = content_type is not None
        # Response's side runs first; Exception takes what str() and tracebacks show.
        Response.__init__(
            self,
            status=self.status_code,
            headers=headers,
            reason=reason,
            body=body,
            text=text,
            content_type=content_type,
        )
        Exception.__init__(self, self.reason)

    def default_page(self, accept: str | None) -> ErrorPage | None:
        """Return what to send instead of the default text to who asks for HTML or JSON.

        ``accept`` is the request's Accept field. None says that the response has words of its own,
        or that its plain text is what the client likes best. For servers; they may as well not.
        """
        if self._own_body or not accept or self._body != self._default_body():
            return None
        page = error_page(self._status, accept, reason=self.reason)
        return None if page.content_type == "text/plain" else page

    def _default_body(self) -> bytes:
        return f"{self.status_code}: {self.reason}".encode()

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls the class with ``args``, which no class here takes: a raised one
        # could not leave a process pool or be copied.
        return _without_init, (type(self), self.args), self.__dict__


def _without_init(cls: type[HTTPException], args: tuple[object, ...]) -> HTTPException:
    return cls.__new__(cls, *args)


class HTTPError(HTTPException):
    """The base of 4xx and 5xx."""


class HTTPSuccessful(HTTPException):
    """The base of 2xx."""


class HTTPRedirection(HTTPException):
    """The base of 3xx."""


class HTTPClientError(HTTPError):
    """The base of 4xx: the request is at fault."""


class HTTPServerError(HTTPError):
    """The base of 5xx: the server is at fault."""


class HTTPMove(HTTPRedirection):
    """The base of redirects that name another place.

    ``location`` is a ``str`` or a ``yarl.URL``; it is percent-encoded as a URL. Raises
    ``ValueError`` for an empty one.
    """

    def __init__(
        self,
        location: str | URL,
        *,
        headers: LooseHeaders | None = None,
        reason: str | None = None,
        body: Body | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        url = URL(location)
        if not url:
            raise ValueError(f"HTTP redirects need a location to redirect to, got {location!r}")
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )
        self._location = url
        self.headers["Location"] = str(self._location)

    @property
    def location(self) -> URL:
        """Where the redirect leads."""
        return self._location


class HTTPOk(HTTPSuccessful):
    """200 OK."""

    status_code = 200


class HTTPCreated(HTTPSuccessful):
    """201 Created."""

    status_code = 201


class HTTPAccepted(HTTPSuccessful):
    """202 Accepted."""

    status_code = 202


class HTTPNonAuthoritativeInformation(HTTPSuccessful):
    """203 Non-Authoritative Information."""

    status_code = 203


class HTTPNoContent(HTTPSuccessful):
    """204 No Content."""

    status_code = 204
    empty_body = True


class HTTPResetContent(HTTPSuccessful):
    """205 Reset Content."""

    status_code = 205
    empty_body = True


class HTTPPartialContent(HTTPSuccessful):
    """206 Partial Content."""

    status_code = 206


class HTTPAlreadyReported(HTTPSuccessful):
    """208 Already Reported."""

    status_code = 208


class HTTPIMUsed(HTTPSuccessful):
    """226 IM Used."""

    status_code = 226


class HTTPMultipleChoices(HTTPMove):
    """300 Multiple Choices."""

    status_code = 300


class HTTPMovedPermanently(HTTPMove):
    """301 Moved Permanently."""

    status_code = 301


class HTTPFound(HTTPMove):
    """302 Found."""

    status_code = 302


class HTTPSeeOther(HTTPMove):
    """303 See Other."""

    status_code = 303


class HTTPNotModified(HTTPRedirection):
    """304 Not Modified."""

    status_code = 304
    empty_body = True


class HTTPUseProxy(HTTPMove):
    """305 Use Proxy."""

    status_code = 305


class HTTPTemporaryRedirect(HTTPMove):
    """307 Temporary Redirect."""

    status_code = 307


class HTTPPermanentRedirect(HTTPMove):
    """308 Permanent Redirect."""

    status_code = 308


class HTTPBadRequest(HTTPClientError):
    """400 Bad Request."""

    status_code = 400


class HTTPUnauthorized(HTTPClientError):
    """401 Unauthorized."""

    status_code = 401


class HTTPPaymentRequired(HTTPClientError):
    """402 Payment Required."""

    status_code = 402


class HTTPForbidden(HTTPClientError):
    """403 Forbidden."""

    status_code = 403


class HTTPNotFound(HTTPClientError):
    """404 Not Found."""

    status_code = 404


class HTTPMethodNotAllowed(HTTPClientError):
    """405; ``Allow`` lists ``allowed_methods``, as RFC 9110 section 15.5.6 demands.

    ``method`` is the request's.
    """

    status_code = 405

    def __init__(
        self,
        method: str,
        allowed_methods: Iterable[str],
        *,
        headers: LooseHeaders | None = None,
        reason: str | None = None,
        body: Body | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        self._allowed = set(allowed_methods)
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )
        self.headers["Allow"] = ",".join(sorted(self._allowed))
        self._method = method.upper()

    @property
    def allowed_methods(self) -> set[str]:
        """The methods that the resource supports."""
        return self._allowed

    @property
    def method(self) -> str:
        """The method of the request that was refused, upper-case."""
        return self._method


class HTTPNotAcceptable(HTTPClientError):
    """406 Not Acceptable."""

    status_code = 406


class HTTPProxyAuthenticationRequired(HTTPClientError):
    """407 Proxy Authentication Required."""

    status_code = 407


class HTTPRequestTimeout(HTTPClientError):
    """408 Request Timeout."""

    status_code = 408


class HTTPConflict(HTTPClientError):
    """409 Conflict."""

    status_code = 409


class HTTPGone(HTTPClientError):
    """410 Gone."""

    status_code = 410


class HTTPLengthRequired(HTTPClientError):
    """411 Length Required."""

    status_code = 411


class HTTPPreconditionFailed(HTTPClientError):
    """412 Precondition Failed."""

    status_code = 412


class HTTPRequestEntityTooLarge(HTTPClientError):
    """413 Content Too Large; ``max_size`` is the limit and ``actual_size`` what arrived, in bytes.

    ``actual_size`` is 0 where it is unknown.
    """

    status_code = 413

    def __init__(
        self,
        max_size: float,
        actual_size: float = 0,
        *,
        headers: LooseHeaders | None = None,
        reason: str | None = None,
        body: Body | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if text is None and body is None:
            text = f"Maximum request body size {max_size} exceeded"
            if actual_size:
                text += f", actual body size {actual_size}"
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )


class HTTPRequestURITooLong(HTTPClientError):
    """414 URI Too Long."""

    status_code = 414


class HTTPUnsupportedMediaType(HTTPClientError):
    """415 Unsupported Media Type."""

    status_code = 415


class HTTPRequestRangeNotSatisfiable(HTTPClientError):
    """416 Range Not Satisfiable."""

    status_code = 416


class HTTPExpectationFailed(HTTPClientError):
    """417 Expectation Failed."""

    status_code = 417


class HTTPImATeapot(HTTPClientError):
    """418 I'm a Teapot."""

    status_code = 418


class HTTPMisdirectedRequest(HTTPClientError):
    """421 Misdirected Request."""

    status_code = 421


class HTTPUnprocessableEntity(HTTPClientError):
    """422 Unprocessable Content."""

    status_code = 422


class HTTPLocked(HTTPClientError):
    """423 Locked."""

    status_code = 423


class HTTPFailedDependency(HTTPClientError):
    """424 Failed Dependency."""

    status_code = 424


class HTTPTooEarly(HTTPClientError):
    """425 Too Early."""

    status_code = 425


class HTTPUpgradeRequired(HTTPClientError):
    """426 Upgrade Required."""

    status_code = 426


class HTTPPreconditionRequired(HTTPClientError):
    """428 Precondition Required."""

    status_code = 428


class HTTPTooManyRequests(HTTPClientError):
    """429 Too Many Requests."""

    status_code = 429


class HTTPRequestHeaderFieldsTooLarge(HTTPClientError):
    """431 Request Header Fields Too Large."""

    status_code = 431


class HTTPUnavailableForLegalReasons(HTTPClientError):
    """451; ``link`` names who demanded the block (RFC 7725 section 4), None to keep it untold.

    Raises ``ValueError`` for a link that is no URL.
    """

    status_code = 451

    def __init__(
        self,
        link: str | URL | None,
        *,
        headers: LooseHeaders | None = None,
        reason: str | None = None,
        body: Body | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )
        self._link = None if link is None else URL(link)
        if self._link:
            self.headers["Link"] = f'<{self._link}>; rel="blocked-by"'

    @property
    def link(self) -> URL | None:
        """Who demanded the block."""
        return self._link


class HTTPInternalServerError(HTTPServerError):
    """500 Internal Server Error."""

    status_code = 500


class HTTPNotImplemented(HTTPServerError):
    """501 Not Implemented."""

    status_code = 501


class HTTPBadGateway(HTTPServerError):
    """502 Bad Gateway."""

    status_code = 502


class HTTPServiceUnavailable(HTTPServerError):
    """503 Service Unavailable."""

    status_code = 503


class HTTPGatewayTimeout(HTTPServerError):
    """504 Gateway Timeout."""

    status_code = 504


class HTTPVersionNotSupported(HTTPServerError):
    """505 HTTP Version Not Supported."""

    status_code = 505


class HTTPVariantAlsoNegotiates(HTTPServerError):
    """506 Variant Also Negotiates."""

    status_code = 506


class HTTPInsufficientStorage(HTTPServerError):
    """507 Insufficient Storage."""

    status_code = 507


class HTTPLoopDetected(HTTPServerError):
    """508 Loop Detected."""

    status_code = 508


class HTTPNotExtended(HTTPServerError):
    """510 Not Extended."""

    status_code = 510


class HTTPNetworkAuthenticationRequired(HTTPServerError):
    """511 Network Authentication Required."""

    status_code = 511
