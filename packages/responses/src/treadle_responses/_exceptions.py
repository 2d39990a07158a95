"""The exceptions that are responses: their base classes, and those with arguments of their own.

A handler raises one to answer with it. It is a ``Response`` too, so that a middleware can read and
change it like any other. The classes that are only a status are in ``exceptions``.
"""

import warnings
from collections.abc import Iterable
from typing import Any, ClassVar

from yarl import URL

from ._error_pages import ErrorPage, error_page
from ._head import LooseHeaders
from ._response import Body, Response
from ._status import default_reason

__all__ = [
    "HTTPClientError",
    "HTTPError",
    "HTTPException",
    "HTTPMethodNotAllowed",
    "HTTPMove",
    "HTTPRedirection",
    "HTTPRequestEntityTooLarge",
    "HTTPServerError",
    "HTTPSuccessful",
    "HTTPUnavailableForLegalReasons",
]


class HTTPException(Response, Exception):
    """The base; raise the class of a status, or subclass it with a ``status_code`` of your own.

    Without ``text`` and ``body``, the text is the status and its reason, for example
    ``404: Not Found``. The body is empty if the status allows none. ``body`` is deprecated: return
    a ``Response`` with it. A class without a ``status_code`` can be raised and caught, not sent.
    """

    #: The mark by which some frameworks know exceptions that are answers.
    __http_exception__: ClassVar[bool] = True

    status_code: ClassVar[int] = -1
    #: True if the status allows no body.
    empty_body: ClassVar[bool] = False
    # False if the body is the default text; see ``default_page``.
    _own_body: bool = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__doc__ is None and "status_code" in vars(cls):
            cls.__doc__ = f"{cls.status_code} {default_reason(cls.status_code)}".rstrip() + "."

    def __init__(
        self,
        *,
        headers: LooseHeaders | None = None,
        reason: str | None = None,
        body: Body | None = None,
        text: str | None = None,
        content_type: str | None = None,
    ) -> None:
        if body is not None:
            warnings.warn(
                "body argument is deprecated for http web exceptions: give text, or return a "
                "Response with the body",
                DeprecationWarning,
                stacklevel=2 if type(self).__init__ is HTTPException.__init__ else 3,
            )
        if text is None and body is None and not self.empty_body:
            text = f"{self.status_code}: {reason or default_reason(self.status_code)}"
            self._own_body = content_type is not None
        # Response's side runs first; Exception takes what str() and tracebacks show.
        Response.__init__(
            self,
            status=200 if self.status_code < 0 else self.status_code,
            headers=headers,
            reason=reason,
            body=body,
            text=text,
            content_type=content_type,
        )
        if self.status_code < 0:
            self._status = self.status_code
        Exception.__init__(self, self.reason)

    def default_page(self, accept: str | None) -> ErrorPage | None:
        """Return the HTML or JSON page that the client prefers; None to keep the body as it is.

        ``accept`` is the request's Accept field. None means that the response has a body of its
        own, or that the client prefers plain text. For servers; calling it is optional.
        """
        if self._own_body or not accept or self._body != self._default_body():
            return None
        page = error_page(self._status, accept, reason=self.reason)
        return None if page.content_type == "text/plain" else page

    def _default_body(self) -> bytes:
        return f"{self.status_code}: {self.reason}".encode()

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own method calls the class with ``args``, which no class here takes: without
        # this an exception could not leave a process pool or be copied.
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
    """The base of redirects to another URL.

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
        if not location or not (url := URL(location)):
            raise ValueError(f"HTTP redirects need a location to redirect to, got {location!r}")
        super().__init__(
            headers=headers, reason=reason, body=body, text=text, content_type=content_type
        )
        self._location = location
        self.headers["Location"] = str(url)

    @property
    def location(self) -> str | URL:
        """The location as it was given; the field ``Location`` has it percent-encoded."""
        return self._location


class HTTPMethodNotAllowed(HTTPClientError):
    """405; ``Allow`` lists ``allowed_methods``, as RFC 9110 section 15.5.6 requires.

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
        if isinstance(allowed_methods, str):
            raise TypeError(f"allowed_methods is a list of methods, [{allowed_methods!r}] for one")
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


class HTTPRequestEntityTooLarge(HTTPClientError):
    """413 Content Too Large; ``max_size`` is the limit and ``actual_size`` what arrived, in bytes.

    ``actual_size`` is 0 if it is unknown.
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


class HTTPUnavailableForLegalReasons(HTTPClientError):
    """451; ``link`` identifies the party that demanded the block (RFC 7725 section 4), or None.

    Raises ``ValueError`` for a link that is not a URL.
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
        self._link = URL(link) if link else None
        if self._link is not None:
            self.headers["Link"] = f'<{self._link}>; rel="blocked-by"'

    @property
    def link(self) -> URL | None:
        """The URL of the party that demanded the block."""
        return self._link
