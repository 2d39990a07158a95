"""The names of this package that ``treadle.web`` has; ``treadle_server`` has them too.

Each name is written once, here or in the ``__all__`` of a module whose names are all among them.
Type checkers read ``X as X`` and ``*`` as re-exports; at run time ``__all__`` is made of the names.
Names that are imported on first use cannot be here: ``from treadle_server.web import *`` would
import them.
"""

import typing as _typing
import warnings as _warnings

from treadle_responses import NotAppKeyWarning as _NotAppKeyWarning

from ._app.application import *
from ._app.background import BackgroundTasks as BackgroundTasks
from ._app.background import TooManyTasksError as TooManyTasksError
from ._app.definitions import *
from ._app.middleware import middleware as middleware
from ._app.middleware import normalize_path_middleware as normalize_path_middleware
from ._app.subapps import PrefixedSubAppResource as PrefixedSubAppResource
from ._app.table import RouteTableDef as RouteTableDef
from ._app.view import View as View
from ._core.errors import PayloadAccessError as PayloadAccessError
from ._core.errors import RequestPayloadError as RequestPayloadError
from ._core.teardown import CleanupError as CleanupError
from ._http.request import BaseRequest as BaseRequest
from ._routing.definitions import *
from ._routing.interfaces import AbstractResource as AbstractResource
from ._routing.interfaces import AbstractRoute as AbstractRoute
from ._routing.match_info import SystemRoute as SystemRoute
from ._routing.match_info import UrlMappingMatchInfo as UrlMappingMatchInfo
from ._routing.mounts import MountResource as MountResource
from ._routing.resources import DynamicResource as DynamicResource
from ._routing.resources import PlainResource as PlainResource
from ._routing.resources import Resource as Resource
from ._routing.resources import ResourceRoute as ResourceRoute

# As with aiohttp, the recommendation of typed keys is only seen if it is asked for.
_warnings.filterwarnings("ignore", category=_NotAppKeyWarning, append=True)

# Not for mypy, which does not evaluate it and would take it for empty.
if not _typing.TYPE_CHECKING:
    __all__ = [name for name in globals() if not name.startswith("_")]
