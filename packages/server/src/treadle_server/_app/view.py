"""Class-based views: one method per HTTP method."""

from collections.abc import Generator
from typing import Any

from treadle_http_parser.hdrs import METH_ALL
from treadle_responses import HTTPMethodNotAllowed, StreamResponse
from treadle_server._routing.handlers import AbstractView

from .application import Request

__all__ = ["View"]


class View(AbstractView):
    """Define ``async def get(self)``, ``post`` and so on; the request is ``self.request``.

    A method that is not defined is answered with 405 and an ``Allow`` of the defined ones. HEAD is
    not derived from ``get``.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._view_request = request

    @property
    def request(self) -> Request:
        """The request to answer."""
        return self._view_request

    @classmethod
    def _answers_nothing(cls) -> bool:
        own_way = cls.__await__ is not View.__await__ or cls._dispatch is not View._dispatch
        return not own_way and not any(hasattr(cls, method.lower()) for method in METH_ALL)

    async def _dispatch(self) -> StreamResponse:
        name = self.request.method
        method = getattr(self, name.lower(), None) if name in METH_ALL else None
        if method is None:
            allowed = {method for method in METH_ALL if hasattr(self, method.lower())}
            raise HTTPMethodNotAllowed(name, allowed)
        response: StreamResponse = await method()
        return response

    def __await__(self) -> Generator[Any, None, StreamResponse]:
        return self._dispatch().__await__()
