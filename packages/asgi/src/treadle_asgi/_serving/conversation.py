"""Run one conversation of an ASGI application as the handler of a request of the server.

``converse`` is for mounts and for handlers; ``host`` has the same in a shorter form for servers
whose every request goes to one application. What an application raises is the exchange's business,
but for three cases, which ``translate`` knows.
"""

from collections.abc import MutableMapping
from typing import Any, Final

from treadle_asgi._types import AnyASGIApplication, ASGIApplication, Scope
from treadle_responses import StreamResponse
from treadle_server import BaseRequest, ClientConnectionResetError, server_logger
from treadle_server.interfaces import log_debug, log_error

from .http import HttpConversation, Step
from .scope import http_scope, opens_websocket, websocket_scope
from .websocket import WebSocketConversation, WebSocketSettings

__all__ = ["converse", "converse_http", "converse_websocket"]

_DEFAULTS: Final = WebSocketSettings()
# As in ``http``: to look a member up in its class takes longer.
_ENDED: Final = Step.ENDED

#: The most exceptions of a chain that are looked at.
_MOST: Final = 50


async def converse(
    app: AnyASGIApplication,
    request: BaseRequest,
    *,
    root_path: str = "",
    path: str | None = None,
    state: MutableMapping[str, Any] | None = None,
    max_body_size: int = 0,
    websockets: WebSocketSettings = _DEFAULTS,
) -> StreamResponse:
    """Let ``app`` answer ``request``, and return its response, which is sent already.

    ``path`` is the decoded path, ``root_path`` included; None for ``root_path`` and the path of the
    request behind it. ``state`` is copied into the scope. A body of more than ``max_body_size``
    bytes ends with ``http.disconnect``, and is answered with 413 unless ``app`` answers; 0 allows
    any number. Raises what ``app`` raises.
    """
    if opens_websocket(request):
        scope = websocket_scope(request, root_path=root_path, path=path, state=state)
        return await converse_websocket(app, request, scope, websockets)
    scope = http_scope(request, root_path=root_path, path=path, state=state)
    return await converse_http(app, request, scope, max_body_size)


async def converse_http(
    app: ASGIApplication, request: BaseRequest, scope: Scope, max_body_size: int
) -> StreamResponse:
    """Run an http conversation; see ``converse``."""
    conversation = HttpConversation(request, max_body_size)
    try:
        await app(scope, conversation.receive, conversation.send)
    except Exception as error:
        if conversation.step is _ENDED:
            # The client has its answer; an error of a background task is not its concern.
            _log_late(request, error)
            return conversation
        translated = _translate(request, conversation.failure, error)
        if translated is error:
            raise
        raise translated from error
    if conversation.step is not _ENDED:
        raise conversation.failure or conversation.unfinished()
    return conversation


async def converse_websocket(
    app: ASGIApplication, request: BaseRequest, scope: Scope, settings: WebSocketSettings
) -> StreamResponse:
    """Run a websocket conversation; see ``converse``."""
    conversation = WebSocketConversation(request, settings)
    await conversation.check()
    try:
        await app(scope, conversation.receive, conversation.send)
    except Exception as error:
        if conversation.ended:
            _log_late(request, error)
            return conversation.result()
        translated = _translate(request, None, error)
        if translated is error:
            raise
        raise translated from error
    return conversation.result()


def _log_late(request: BaseRequest, error: Exception) -> None:
    text = "Error in the application behind its response to %s %s"
    if _of_client(error) is not None:
        log_debug(server_logger, text + ": the client has left", request.method, request.raw_path)
        return
    log_error(server_logger, text, request.method, request.raw_path, error=error)


def _translate(request: BaseRequest, failure: Exception | None, error: Exception) -> Exception:
    """Return the error to raise for what an application has raised."""
    if failure is not None:
        # The body was malformed or too large, and the application did not know an answer.
        return failure
    found = _of_client(error)
    if found is not None and (
        type(found) is not ClientConnectionResetError or request.response_writer.is_lost
    ):
        # An application that does not catch the error of ``send``, or raises another one then,
        # such as Starlette's ClientDisconnect: no bug. A subclass says that the client has all of
        # a response without a body. Another object, because ``error`` may lead to this one.
        return type(found)(*found.args)
    return error


def _of_client(error: BaseException) -> ClientConnectionResetError | None:
    """Return the error of ``send`` for a client that has left, if ``error`` comes from one."""
    left: list[BaseException] = [error]
    for _ in range(_MOST):
        if not left:
            break
        each = left.pop()
        if isinstance(each, ClientConnectionResetError):
            return each
        if isinstance(each, BaseExceptionGroup):
            left += each.exceptions
        left += [other for other in (each.__cause__, each.__context__) if other is not None]
    return None
