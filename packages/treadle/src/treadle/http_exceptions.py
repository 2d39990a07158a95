"""The names of ``aiohttp.http_exceptions``."""

from treadle_server.http_exceptions import *
