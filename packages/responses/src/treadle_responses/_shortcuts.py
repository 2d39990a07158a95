"""Responses in one call: JSON from a value or already encoded, and HTML."""

import json
from collections.abc import Callable
from typing import Any, Final

from ._head import LooseHeaders
from ._media_types import MEDIA_TYPES
from ._response import Response, simple_response

__all__ = ["html_response", "json_bytes_response", "json_response"]

# The default of ``data``. None is a value: ``json_response(None)`` sends ``null``.
_UNSET: Final[Any] = object()


def json_response(
    data: object = _UNSET,
    *,
    text: str | None = None,
    body: bytes | None = None,
    status: int = 200,
    reason: str | None = None,
    headers: LooseHeaders | None = None,
    content_type: str = "application/json",
    dumps: Callable[[Any], str] = json.dumps,
) -> Response:
    """Return a response with ``data`` as JSON, or with ``text`` or ``body`` that already is JSON.

    Raises ``ValueError`` for more than one of the three, and the errors of ``dumps``. An empty
    ``text`` or ``body`` beside ``data`` counts as none.
    """
    if data is not _UNSET:
        if text or body:
            raise ValueError("only one of data, text, or body should be specified")
        body = None
        text = dumps(data)
        if (
            headers is None
            and status == 200
            and reason is None
            and content_type in MEDIA_TYPES
            # A ``dumps`` of bytes is refused below.
            and type(text) is str
        ):
            return simple_response(text.encode(), content_type, "utf-8")
    return Response(
        text=text,
        body=body,
        status=status,
        reason=reason,
        headers=headers,
        content_type=content_type,
    )


def json_bytes_response(
    data: object = _UNSET,
    *,
    dumps: Callable[[Any], bytes],
    body: bytes | None = None,
    status: int = 200,
    reason: str | None = None,
    headers: LooseHeaders | None = None,
    content_type: str = "application/json",
) -> Response:
    """Return a response with ``data`` as JSON, for encoders that return bytes (orjson, msgspec).

    The media type has no charset: JSON is UTF-8 (RFC 8259 section 8.1). Raises ``ValueError`` for
    ``data`` with ``body``, and the errors of ``dumps``.
    """
    if data is not _UNSET:
        if body is not None:
            raise ValueError("only one of data or body should be specified")
        body = dumps(data)
        if (
            headers is None
            and status == 200
            and reason is None
            and content_type in MEDIA_TYPES
            and type(body) is bytes
        ):
            return simple_response(body, content_type, None)
    return Response(
        body=body, status=status, reason=reason, headers=headers, content_type=content_type
    )


def html_response(
    text: str,
    *,
    status: int = 200,
    reason: str | None = None,
    headers: LooseHeaders | None = None,
    charset: str = "utf-8",
) -> Response:
    """Return a response with an HTML page; nothing in ``text`` is escaped.

    Raises the errors of ``Response``.
    """
    if (
        headers is None
        and status == 200
        and reason is None
        and charset == "utf-8"
        and type(text) is str
    ):
        return simple_response(text.encode(), "text/html", "utf-8")
    return Response(
        text=text,
        status=status,
        reason=reason,
        headers=headers,
        content_type="text/html",
        charset=charset,
    )
