"""Rate limits: ``pip install treadle[limits]``."""

try:
    from treadle_limits import *
    from treadle_limits.web import *
except ModuleNotFoundError as _error:
    if _error.name != "treadle_limits":
        raise
    raise ModuleNotFoundError(
        "treadle.limits needs treadle_limits: pip install 'treadle[limits]'", name=_error.name
    ) from _error
