"""The calls that belong to the response of one request: before its head is sent, and at its end."""

from collections.abc import Awaitable, Callable
from typing import final

from treadle_responses import StreamResponse

from .head import RequestHead

__all__ = ["PrepareHook", "RequestHooks"]

#: Runs before a response's head is sent, with the request and the response.
PrepareHook = Callable[[RequestHead, StreamResponse], Awaitable[None]]


@final
class RequestHooks:
    """The calls that belong to the response of one request."""

    __slots__ = ("cleanups", "prepare")

    def __init__(self, prepare: PrepareHook | None = None) -> None:
        #: Called before the head of the response is sent.
        self.prepare: PrepareHook | None = prepare
        #: Called when the response has been sent, or cannot be sent.
        self.cleanups: list[Callable[[], None]] = []
