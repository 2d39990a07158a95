"""The plugin of ``treadle_testing`` under aiohttp's name of it."""

from treadle_testing.pytest_plugin import *
