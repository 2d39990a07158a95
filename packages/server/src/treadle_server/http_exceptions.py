"""The names of ``aiohttp.http_exceptions``; ``treadle.http_exceptions`` has them too."""

from ._core.http_exceptions import *
