"""The type aliases of ``aiohttp.typedefs``."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from http.cookies import BaseCookie, Morsel
from typing import Any, Final, TypeAlias

import yarl
from yarl import URL

from treadle_responses import LooseHeaders
from treadle_server import Handler, Middleware

__all__ = [
    "DEFAULT_JSON_DECODER",
    "DEFAULT_JSON_ENCODER",
    "Byteish",
    "Handler",
    "JSONBytesEncoder",
    "JSONDecoder",
    "JSONEncoder",
    "LooseCookies",
    "LooseCookiesIterables",
    "LooseCookiesMappings",
    "LooseHeaders",
    "Middleware",
    "PathLike",
    "Query",
    "RawHeaders",
    "StrOrURL",
]

#: The query of a URL, in each form that ``yarl.URL.with_query`` takes.
Query: TypeAlias = yarl.Query
#: Bytes of any kind.
Byteish: TypeAlias = bytes | bytearray | memoryview
#: A function like ``json.dumps``.
JSONEncoder: TypeAlias = Callable[[Any], str]
#: A function like ``orjson.dumps``: it makes bytes.
JSONBytesEncoder: TypeAlias = Callable[[Any], bytes]
#: A function like ``json.loads``.
JSONDecoder: TypeAlias = Callable[[str], Any]
#: Fields as they came: pairs of a name and a value.
RawHeaders: TypeAlias = tuple[tuple[bytes, bytes], ...]
#: A URL, or its text.
StrOrURL: TypeAlias = str | URL
#: A path, or its text.
PathLike: TypeAlias = str | os.PathLike[str]
#: A mapping from names of cookies to their values.
LooseCookiesMappings: TypeAlias = Mapping[str, "str | BaseCookie[str] | Morsel[Any]"]
#: Pairs of a cookie's name and its value.
LooseCookiesIterables: TypeAlias = Iterable[tuple[str, "str | BaseCookie[str] | Morsel[Any]"]]
#: Cookies in any form that a client takes.
LooseCookies: TypeAlias = "LooseCookiesMappings | LooseCookiesIterables | BaseCookie[str]"

DEFAULT_JSON_ENCODER: Final[JSONEncoder] = json.dumps
DEFAULT_JSON_DECODER: Final[JSONDecoder] = json.loads
