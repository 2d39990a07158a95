"""Reads a request's fields: pure functions from raw lines to the values that requests offer."""

from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

from treadle_http_parser import Fields

__all__ = ["decode_headers", "known_charset"]

# Names seen before, decoded once; bounded, because clients make names up.
_names: Final[dict[bytes, str]] = {}
_MAX_NAMES: Final = 512


def decode_headers(fields: Fields) -> CIMultiDictProxy[str]:
    """Return the fields as text: UTF-8, with bytes that are none kept as surrogates (PEP 383)."""
    headers: CIMultiDict[str] = CIMultiDict()
    for raw_name, raw_value in fields:
        name = _names.get(raw_name)
        if name is None:
            name = raw_name.decode("ascii")
            if len(_names) >= _MAX_NAMES:
                _names.clear()
            _names[raw_name] = name
        headers.add(name, raw_value.decode("utf-8", "surrogateescape"))
    return CIMultiDictProxy(headers)


def known_charset(charset: str) -> bool:
    """Whether ``charset`` names a text encoding that Python knows."""
    try:
        "".encode(charset)
    except (LookupError, ValueError):
        return False
    return True
