"""Request IDs: one for each request, in its response, in the log, and from a proxy that is trusted.

An ID of a client is a text of a stranger, which would end in each line of the log: it is taken only
if the program trusts its sender, and only if it is short and of harmless characters.
"""

import re
from collections.abc import Callable
from typing import Final

from treadle_responses import HTTPException, RequestKey, StreamResponse
from treadle_server._app.application import Handler, Middleware, Request
from treadle_server._app.middleware import middleware
from treadle_server._core.request_ids import CURRENT_REQUEST_ID, new_request_id

__all__ = ["REQUEST_ID", "request_id_middleware"]

#: The ID of a request: ``request[REQUEST_ID]``.
REQUEST_ID: Final = RequestKey("REQUEST_ID", str)

#: UUIDs, the IDs of clouds and proxies, base64. 128 characters are twice the longest of these.
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._:;+/=@-]{1,128}")
_FIELD_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def request_id_middleware(
    *, header: str = "X-Request-ID", trust: bool | Callable[[Request], bool] = False
) -> Middleware:
    """Return a middleware that gives each request an ID; it should be the outermost one.

    The ID is in ``request[web.REQUEST_ID]``, in the field ``header`` of the response, in records of
    the log that ``web.RequestIdFilter`` has seen, and in the access log as ``%L``. It is 32 random
    hexadecimal digits. With ``trust`` that of the client's field is taken instead if it is well
    formed: at most 128 ASCII letters, digits and ``._:;+/=@-``. A function decides by the request,
    for example by the address of a proxy. Raises ``ValueError`` for a ``header`` that cannot be a
    field's name.
    """
    if not isinstance(header, str) or not _FIELD_NAME.fullmatch(header):
        raise ValueError(f"header must be the name of a field such as X-Request-ID, not {header!r}")
    if not isinstance(trust, bool) and not callable(trust):
        raise TypeError(f"trust must be a bool or a function of a request, not {trust!r}")

    @middleware
    async def identify(request: Request, handler: Handler) -> StreamResponse:
        own = None
        if trust is True or (trust is not False and trust(request)):
            given = request.headers.getall(header, ())
            if len(given) == 1 and _WELL_FORMED.fullmatch(given[0]):
                own = given[0]
        if own is None:
            own = new_request_id()
        request[REQUEST_ID] = own
        # Not reset: the context ends with the request, and the log has it at the very end.
        CURRENT_REQUEST_ID.set(own)
        # For responses that the handler prepares itself, and for the server's own answers.
        request.answer_fields += ((header, own),)
        try:
            response = await handler(request)
        except HTTPException as error:
            error.headers[header] = own
            raise
        if isinstance(response, StreamResponse) and not response.prepared:
            response.headers[header] = own
        return response

    return identify
