"""Forms: the body of a request as fields."""

from urllib.parse import parse_qsl

from multidict import MultiDict

__all__ = ["TooManyFieldsError", "parse_urlencoded_form"]


class TooManyFieldsError(ValueError):
    """A form has more fields than the application allows."""


def parse_urlencoded_form(text: str, encoding: str, max_fields: int) -> MultiDict[str]:
    """Return the fields of an ``application/x-www-form-urlencoded`` body, blank values included.

    ``max_fields`` of 0 means no limit.  Raises :class:`TooManyFieldsError`, and
    ``UnicodeDecodeError`` for percent-encoded bytes that are not of the charset ``encoding``.
    """
    text = text.rstrip()
    if max_fields and text.count("&") >= max_fields:
        raise TooManyFieldsError(f"The form has more than {max_fields} fields")
    return MultiDict(
        parse_qsl(text, keep_blank_values=True, encoding=encoding, errors="strict", separator="&")
    )
