"""Names of header fields and methods, as in ``aiohttp.hdrs``."""

from treadle_http_parser.hdrs import *
