"""Publish and subscribe across processes: ``pip install treadle[channels]``."""

try:
    from treadle_channels import *
    from treadle_channels.web import *
except ModuleNotFoundError as _error:
    if _error.name != "treadle_channels":
        raise
    raise ModuleNotFoundError(
        "treadle.channels needs treadle_channels: pip install 'treadle[channels]'", name=_error.name
    ) from _error
