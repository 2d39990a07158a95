"""The running application of one request: the only place that stores it.

The request has a ``RouteContext``. ``request.app``, ``request.config_dict`` and
``match_info.current_app`` read it, and handlers in several applications' middlewares switch it.
"""

from typing import Any, final

from treadle_router import Match
from treadle_server._core.state import AppState

__all__ = ["RouteContext"]


@final
class RouteContext:
    """The applications around a handler, and the current one: its code runs now.

    ``apps`` has the outermost first. ``current`` is one of them: the innermost, unless middlewares
    of another one are running; None while ``apps`` is empty. ``match`` is the router's match; None
    if no route was found, or if a resource of an add-on found it.
    """

    # No ``__slots__``: CPython (3.13) makes an instance in half the time without them.

    def __init__(
        self, apps: tuple[AppState, ...], current: AppState | None, match: Match[Any] | None
    ) -> None:
        self.apps = apps
        self.current = current
        self.match = match
