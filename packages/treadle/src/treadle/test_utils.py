"""The names of ``aiohttp.test_utils``; they need ``pip install treadle[testing]``."""

try:
    from treadle_testing import *
except ModuleNotFoundError as _error:
    if _error.name not in ("treadle_testing", "aiohttp"):
        raise
    raise ModuleNotFoundError(
        f"treadle.test_utils needs {_error.name}: pip install 'treadle[testing]'", name=_error.name
    ) from _error
