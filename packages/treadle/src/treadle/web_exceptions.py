"""The names of ``aiohttp.web_exceptions``, and the exceptions that only treadle has."""

from treadle_responses import NotAppKeyWarning, exceptions
from treadle_responses.exceptions import *

__all__ = ["NotAppKeyWarning"]
__all__ += exceptions.__all__
