"""ASGI applications on treadle's server, and the other way round: ``pip install treadle[asgi]``."""

try:
    from treadle_asgi import *
    from treadle_asgi import command_line as _command_line
except ModuleNotFoundError as _error:
    if _error.name != "treadle_asgi":
        raise
    raise ModuleNotFoundError(
        "treadle.asgi needs treadle_asgi: pip install 'treadle[asgi]'", name=_error.name
    ) from _error

if __name__ == "__main__":
    _command_line()
