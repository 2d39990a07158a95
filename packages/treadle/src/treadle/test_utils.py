"""The names of ``aiohttp.test_utils``; they need ``pip install treadle[testing]``."""

try:
    from treadle_testing import *
except ModuleNotFoundError as error:
    if error.name not in ("treadle_testing", "aiohttp"):
        raise
    raise ModuleNotFoundError(
        f"treadle.test_utils needs {error.name}: pip install 'treadle[testing]'", name=error.name
    ) from error
