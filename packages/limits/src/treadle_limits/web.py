"""Limits in an application of treadle; needs ``treadle-limits[web]``.

>>> from treadle_limits.web import limited, rate_limit
>>> from treadle_server import Application
>>> app = Application(middlewares=[rate_limit("100/minute")])
"""

from ._web.applied import LimitOptions
from ._web.decorator import limited
from ._web.keys import Key, by_address, by_route, together
from ._web.middleware import exempt, rate_limit
from ._web.stores import STORE, setup

__all__ = [
    "STORE",
    "Key",
    "LimitOptions",
    "by_address",
    "by_route",
    "exempt",
    "limited",
    "rate_limit",
    "setup",
    "together",
]
