"""Content-Disposition, read for two purposes.

``read_disposition`` serves the parser: it turns the header of a part into (type, name, filename).
It is as strict as RFC 7578, because a filter can be bypassed if it reads an upload differently.

``parse_content_disposition`` and ``content_disposition_filename`` keep the contract of aiohttp's
functions of the same names (RFC 6266, 2231, 8187): they return a type and a dict, and skip bad
input with a warning instead of an error.
"""

import re
import warnings
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from ._charset import text_codec
from ._errors import Leniency, MalformedError, UnsupportedError
from ._options import Parameter, split_parameters, unquote_pairs

__all__ = [
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "content_disposition_filename",
    "parse_content_disposition",
    "read_disposition",
]


class BadContentDispositionHeader(RuntimeWarning):  # the name is a contract
    """A Content-Disposition header was ignored."""


class BadContentDispositionParam(RuntimeWarning):  # the name is a contract
    """A parameter of a Content-Disposition header was ignored."""


# -- For the parser -------------------------------------------------------------------------------

_TYPE = re.compile(r"[ \t]*+([!#$%&'*+\-.^_`|~0-9A-Za-z]++)")
# Escapes in the names of a form: three characters by percent (browsers: WHATWG HTML, "multipart
# form data"), others by backslash (aiohttp's client, curl, httpx: RFC 9110 section 5.6.4), but none
# escapes letters and digits: before those a backslash is one that a browser did not escape.
# One pattern for both, so that no escape is undone in the result of another. Our encoder writes a
# literal ``%22`` as ``\%22``; from other clients it cannot be told from an escape.
_PERCENT = r"%(22|0[Dd]|0[Aa])"
_PERCENT_ESCAPE = re.compile(_PERCENT)
_NAME_ESCAPE = re.compile(rf"{_PERCENT}|\\(\W)")
# Fewer in a file name: Internet Explorer sent ``C:\dir\file`` unescaped.
_FILENAME_ESCAPE = re.compile(rf'{_PERCENT}|\\(["\\]|%(?=22|0[Dd]|0[Aa]))')
_PERCENT_CHARS = {"22": '"', "0d": "\r", "0a": "\n"}


def read_disposition(
    value: str, accept: frozenset[Leniency], tolerated: set[Leniency]
) -> tuple[str, str | None, str | None]:
    """Return (type, name, filename) of a part; note the deviations that it has in ``tolerated``.

    In form-data ``filename*`` and ``name*`` never override the plain ones: RFC 7578 section 4.2
    forbids them, and a filter in front of this program may have looked only at the others. Raises
    ``MalformedError`` for a deviation that is not in ``accept``.
    """
    match = _TYPE.match(value)
    if match is None:
        raise MalformedError(f"Content-Disposition {value[:100]!a} does not start with a type")
    kind = match[1].lower()
    try:
        parameters = split_parameters(value, match.end())
        loose = False
    except MalformedError as exc:
        if "loose-disposition" not in accept:
            exc.leniency = "loose-disposition"
            raise
        parameters = split_parameters(value, match.end(), loose=True)
        tolerated.add("loose-disposition")
        loose = True
    params = _collect(value, parameters, accept, tolerated, raw=loose)
    if kind == "form-data":
        name = _form_text(params.get("name"), _NAME_ESCAPE)
        if name is None and _has_extended(params, "name"):
            message = f"form-data may not use name* ({value[:100]!a})"
            _tolerate("name-star", message, accept, tolerated)
            name = _extended(params, "name")
        filename = _form_text(params.get("filename"), _FILENAME_ESCAPE)
        if filename is None and _has_extended(params, "filename"):
            message = f"form-data may not use filename* ({value[:100]!a})"
            _tolerate("filename-star", message, accept, tolerated)
            filename = _extended(params, "filename")
    else:
        plain = {key: _plain(raw, quoted) for key, (raw, quoted) in params.items()}
        name = plain.get("name")
        filename = content_disposition_filename(_decode_extended(plain))
    return kind, name, filename


def _collect(
    value: str,
    parameters: list[Parameter],
    accept: frozenset[Leniency],
    tolerated: set[Leniency],
    *,
    raw: bool,
) -> dict[str, tuple[str, bool]]:
    """Return parameters by key as (text, quoted), the first of repeated ones if accepted."""
    params: dict[str, tuple[str, bool]] = {}
    for key, text, quoted in parameters:
        if key in params:
            _tolerate(
                "repeated-disposition",
                f"{key[:40]!a} is repeated in Content-Disposition {value[:100]!a}",
                accept,
                tolerated,
            )
        else:
            # A loosely read string has no escapes: a bare backslash is why it is read loosely.
            params[key] = (text, quoted and not raw)
    return params


def _tolerate(
    what: Leniency, message: str, accept: frozenset[Leniency], tolerated: set[Leniency]
) -> None:
    if what not in accept:
        raise MalformedError(message, leniency=what)
    tolerated.add(what)


def _form_text(param: tuple[str, bool] | None, escape: re.Pattern[str]) -> str | None:
    """Undo the escapes of a name; an unquoted one has no backslash escapes."""
    if param is None:
        return None
    text, quoted = param
    return (escape if quoted else _PERCENT_ESCAPE).sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    percent = match[1]
    return match[2] if percent is None else _PERCENT_CHARS[percent.lower()]


def _plain(text: str, quoted: bool) -> str:
    return unquote_pairs(text) if quoted else text


def _has_extended(params: Mapping[str, object], name: str) -> bool:
    return any(key.startswith(f"{name}*") for key in params)


def _extended(params: Mapping[str, tuple[str, bool]], name: str) -> str | None:
    plain = {key: _plain(raw, quoted) for key, (raw, quoted) in params.items()}
    return content_disposition_filename(_decode_extended(plain), name)


def _decode_extended(params: Mapping[str, str]) -> dict[str, str]:
    """Replace ``key*`` values by their text; drop those that cannot be decoded."""
    decoded: dict[str, str] = {}
    for key, value in params.items():
        text = value
        if key.endswith("*") and _continuation(key) is None:
            extended = _extended_value(value)
            if extended is None:
                continue
            text = extended
        decoded[key] = text
    return decoded


# -- For programs that read headers like aiohttp ---------------------------------------------------

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTINUATION = re.compile(r"([^*]+)\*([0-9]{1,3})(\*?)")


def parse_content_disposition(header: str | None) -> tuple[str | None, dict[str, str]]:
    """Return the lower-case type and the parameters of a Content-Disposition header.

    Values are unquoted; leading slashes and backslashes of quoted values are dropped; ``key*`` is
    decoded (RFC 8187). A malformed header gives ``(None, {})`` and a
    ``BadContentDispositionHeader`` warning, a malformed parameter is left out with a
    ``BadContentDispositionParam`` warning.
    """
    if not header:
        return None, {}
    kind, *items = _split_outside_quotes(header)
    kind = kind.strip(" \t")
    if _TOKEN.fullmatch(kind) is None:
        return _bad_header(header)
    params: dict[str, str] = {}
    for item in items:
        if not item.strip(" \t"):
            if item is not items[-1]:
                _warn(BadContentDispositionHeader(header))
            continue
        key, equals, value = item.partition("=")
        key = key.strip(" \t").lower()
        value = value.strip(" \t")
        if not equals or key in params:
            return _bad_header(header)
        text = _parameter_text(key, value)
        if text is not None:
            params[key] = text
        elif _TOKEN.fullmatch(key) is None or "*" in key:
            _warn(BadContentDispositionParam(item))
        else:
            return _bad_header(header)
    return kind.lower(), params


def content_disposition_filename(params: Mapping[str, str], name: str = "filename") -> str | None:
    """Return the file name in the parameters that ``parse_content_disposition`` returns.

    ``filename*`` wins over ``filename``, and that over the pieces ``filename*0``, ``filename*1``
    ... of RFC 2231, up to the first gap. None if the name is absent or cannot be decoded.
    """
    for key in (f"{name}*", name):
        if key in params:
            return params[key]
    pieces: dict[int, str] = {}
    for key, value in params.items():
        continuation = _continuation(key)
        if continuation is not None and continuation[0] == name:
            pieces.setdefault(continuation[1], value)
    text = ""
    for index in range(len(pieces)):
        if index not in pieces:
            break
        text += pieces[index]
    if 0 not in pieces:
        return None
    return _extended_value(text) if text.count("'") >= 2 else text


def _continuation(key: str) -> tuple[str, int] | None:
    match = _CONTINUATION.fullmatch(key)
    return None if match is None else (match[1], int(match[2]))


def _parameter_text(key: str, value: str) -> str | None:
    """Return the text of a parameter; None if key or value break the grammar."""
    if _TOKEN.fullmatch(key) is None:
        return None
    quoted = len(value) >= 2 and value[0] == value[-1] == '"'
    if _continuation(key) is not None:
        if quoted:
            return unquote_pairs(value[1:-1])
        return value if _TOKEN.fullmatch(value) is not None else None
    if key.endswith("*"):
        is_token = _TOKEN.fullmatch(value) is not None and value.count("'") == 2
        return _extended_value(value) if is_token else None
    if quoted:
        return unquote_pairs(value[1:-1].lstrip("\\/"))
    return value if _TOKEN.fullmatch(value) is not None else None


def _extended_value(value: str) -> str | None:
    """Decode ``charset'language'percent-encoded`` (RFC 8187 section 3.2.1); None if impossible."""
    charset, _, rest = value.partition("'")
    _, quote, octets = rest.partition("'")
    if not quote:
        return None
    try:
        return unquote_to_bytes(octets).decode(text_codec(charset or "utf-8"))
    except (UnicodeDecodeError, UnsupportedError):
        return None


def _split_outside_quotes(header: str) -> list[str]:
    """Split at each ``;`` that is not inside quotes; after an unclosed quote, not at all."""
    pieces: list[str] = []
    start = 0
    quoted = False
    index = 0
    while index < len(header):
        char = header[index]
        if quoted and char == "\\":
            index += 1
        elif char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            pieces.append(header[start:index])
            start = index + 1
        index += 1
    pieces.append(header[start:])
    return pieces


def _bad_header(header: str) -> tuple[None, dict[str, str]]:
    _warn(BadContentDispositionHeader(header))
    return None, {}


def _warn(warning: Warning) -> None:
    # Level 4 shows the line that called parse_content_disposition.
    warnings.warn(warning, stacklevel=4)
