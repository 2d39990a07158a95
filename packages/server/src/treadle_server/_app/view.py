"""Class-based views: one method per HTTP method."""

from collections.abc import Generator
from typing import Any, NoReturn, cast

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

    @property
    def request(self) -> Request:
        """The request to answer."""
        return cast("Request", self._request)

    # Both names are aiohttp's: libraries of views (aiohttp-pydantic) override them.

    async def _iter(self) -> StreamResponse:
        name = self.request.method
        method = getattr(self, name.lower(), None) if name in METH_ALL else None
        if method is None:
            self._raise_allowed_methods()
        response: StreamResponse = await method()
        return response

    def _raise_allowed_methods(self) -> NoReturn:
        allowed = {method for method in METH_ALL if hasattr(self, method.lower())}
        raise HTTPMethodNotAllowed(self.request.method, allowed)

    def __await__(self) -> Generator[Any, None, StreamResponse]:
        return self._iter().__await__()
