"""``rate_limit``: a middleware that limits the requests of an application or of a route."""

from typing import Final, TypeVar, Unpack

from treadle_limits._core.rate import AnyRates
from treadle_responses import StreamResponse
from treadle_server import Handler, Middleware, Request, middleware

from .applied import AppliedLimit, LimitOptions

__all__ = ["exempt", "rate_limit"]

F = TypeVar("F")

_EXEMPT: Final = "__treadle_limits_exempt__"


def rate_limit(
    rate: AnyRates, *, preflights: bool = False, **options: Unpack[LimitOptions]
) -> Middleware:
    """Return a middleware that lets each client have ``rate``, and answers 429 beyond it.

    ``rate`` is ``"100/minute"``, a ``Rate``, or several of them, which must all agree. It is for an
    application, a sub-application, or the ``middlewares`` of a route; the options are those of
    ``LimitOptions``. Handlers that are ``exempt`` are not limited, and without ``preflights``
    neither are the preflight requests of CORS, which browsers send by themselves. A WebSocket
    counts once, for its handshake.

    Raises ``TypeError`` and ``ValueError`` for options that cannot be meant.
    """
    limit = AppliedLimit(rate, **options)

    @middleware
    async def limit_rate(request: Request, handler: Handler) -> StreamResponse:
        if _is_exempt(request) or (not preflights and _is_preflight(request)):
            return await handler(request)
        return await limit.around(request, lambda: handler(request))

    return limit_rate


def exempt(handler: F) -> F:
    """Return ``handler``, a function or a method of a view, marked as one without ``rate_limit``.

    A limit of its own (``limited``) counts nevertheless. Raises ``TypeError`` for an object that
    takes no mark, such as a bound method: mark the function in its class.
    """
    try:
        setattr(handler, _EXEMPT, True)
    except AttributeError:
        raise TypeError(
            f"exempt() cannot mark {handler!r}: decorate the function where it is defined"
        ) from None
    return handler


def _is_exempt(request: Request) -> bool:
    route = request.found_route
    if route is None:
        return False
    handler: object = route.handler
    if getattr(handler, _EXEMPT, False):
        return True
    if isinstance(handler, type):
        return getattr(getattr(handler, request.method.lower(), None), _EXEMPT, False) is True
    return False


def _is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
