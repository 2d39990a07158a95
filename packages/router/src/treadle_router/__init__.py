"""Path patterns, typed matching and reverse URLs, for any program with paths.

A router stores any object under a method and a path, and finds it again:

>>> from treadle_router import Match, MethodNotAllowed, NotFound, Router
>>> router: Router[str] = Router()
>>> _ = router.add_route("GET", "/users/{id!int}", "show", name="user")
>>> _ = router.add_route("DELETE", "/users/{id!int}", "remove", name="user")
>>> match router.match("GET", "/users/42"):
...     case Match(handler, params):
...         print(handler, params)
...     case MethodNotAllowed(allowed):
...         print("405", sorted(allowed))
...     case NotFound():
...         print("404")
show {'id': 42}
>>> router.match("PATCH", "/users/42")
<MethodNotAllowed, allowed DELETE, GET>
>>> router.url_for("user", id=42)
'/users/42'

Paths
-----
``/{name}`` is one segment, ``/{name:regex}`` the text that the expression matches, ``/{name!int}``
the text that a converter takes (``int``, ``float``, ``uuid``, ``date``, ``slug``, ``path``, or one
of your own).

Matching uses the path with its escapes decoded, except ``%2F`` and ``%25``: an encoded slash never
splits a segment, and nothing is decoded twice. Values are decoded completely. Nothing is
normalised: dot segments and empty segments are ordinary segments, so ``/a/../b`` and ``/a//b``
match only a pattern that spells them out.

Order
-----
Of all resources that match a path, those with more fixed segments at their start come first, then
those added first: ``/users/me`` before ``/users/{id}``, in whichever order they were added. The
time of a match does not depend on the number of resources. A regular expression of your own runs
on text from strangers: its time is your responsibility.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._advice import RouterWarning
from ._converters import CONVERTERS, Converter
from ._enclosure import Enclosure, Item
from ._errors import (
    BuildError,
    ConflictError,
    FrozenError,
    HandlerError,
    HostError,
    MethodError,
    MismatchError,
    MissingPartError,
    ParamTypeError,
    PartTypeError,
    PathError,
    ResourceNameError,
    ResourceNameTypeError,
    RouterError,
    UnknownNameError,
    UnknownParamError,
    UnknownPartError,
)
from ._hosts import HostPattern
from ._matcher import Matcher
from ._methods import ANY_METHOD, canonical_method, check_method
from ._pattern import PathPattern
from ._quoting import decode_safe, decode_value, encode_fixed, encode_value
from ._resource import Resource, Route
from ._results import Match, MethodNotAllowed, NotFound
from ._router import Group, Router, check_resource_name
from ._segments import Variable
from ._version import __version__

__all__ = [
    "ANY_METHOD",
    "CONVERTERS",
    "BuildError",
    "Conflict",
    "ConflictError",
    "Converter",
    "Enclosure",
    "FrozenError",
    "Group",
    "HandlerError",
    "HostError",
    "HostPattern",
    "Item",
    "Match",
    "Matcher",
    "MethodError",
    "MethodNotAllowed",
    "MismatchError",
    "MissingPartError",
    "NotFound",
    "ParamTypeError",
    "PartTypeError",
    "PathError",
    "PathPattern",
    "Resource",
    "ResourceNameError",
    "ResourceNameTypeError",
    "Route",
    "Router",
    "RouterError",
    "RouterWarning",
    "UnknownNameError",
    "UnknownParamError",
    "UnknownPartError",
    "Variable",
    "__version__",
    "canonical_method",
    "check_method",
    "check_resource_name",
    "conflicts",
    "decode_safe",
    "decode_value",
    "encode_fixed",
    "encode_value",
]

if TYPE_CHECKING:
    from ._conflicts import Conflict, conflicts

# Imported on first use: few programs ask for conflicts. Type checkers see the import above instead.
if not TYPE_CHECKING:
    _LAZY = {
        "Conflict": "_conflicts",
        "conflicts": "_conflicts",
    }

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        return value
