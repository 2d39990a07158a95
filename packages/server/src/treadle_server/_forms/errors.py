"""Turn errors of ``treadle_multipart`` into the exceptions that handlers see.

They are HTTP responses, and built-in errors as before: code that catches the ``ValueError`` of a
``MultipartReader`` works the same with the reader of a request.
"""

import json
from typing import Final

from treadle_multipart import (
    LimitError,
    MalformedError,
    MultipartError,
    UndecodableTextError,
    UnknownCharsetError,
    UnknownCodingError,
    UsageError,
)

from . import refusals

__all__ = ["DefaultCharsetError", "PartJSONError", "form_answer"]


class DefaultCharsetError(MalformedError, RuntimeError):
    """The field ``_charset_`` is not the name of a charset; a ``RuntimeError`` in aiohttp."""


class PartJSONError(MalformedError, json.JSONDecodeError):
    """A part is not JSON."""

    def __init__(self, message: str, cause: json.JSONDecodeError, field: str | None) -> None:
        MalformedError.__init__(self, message, field=field)
        json.JSONDecodeError.__init__(self, cause.msg, cause.doc, cause.pos)

    def __str__(self) -> str:
        return self.message


_ANSWERS: Final = (
    (UnknownCharsetError, refusals.UnknownCharsetError),
    (UnknownCodingError, refusals.UnknownCodingError),
)


#: The limits that ``client_max_fields`` sets.
_COUNTS: Final = ("max_fields", "max_parts")


def form_answer(error: MultipartError) -> Exception:
    """Return the response to ``error``, with its message; a ``UsageError`` as it is."""
    if isinstance(error, UsageError):
        return error
    text = f"{error.status}: {error}"
    if isinstance(error, LimitError):
        # How to raise the limit is a hint for the program's author, not for its clients.
        text = text.removesuffix(f"; raise {error.limit_name}= to allow it")
        if error.limit_name in _COUNTS:
            # aiohttp's sentence, which its users compare with.
            text = f"Maximum number of form fields {error.limit} exceeded."
        if error.status == 413:
            return refusals.FormTooLargeError(error.limit, text=text)
    if isinstance(error, UndecodableTextError):
        return refusals.BadTextError(error, text)
    if isinstance(error, PartJSONError):
        return refusals.BadJSONError(error.msg, error.doc, error.pos, text)
    for kind, answer in _ANSWERS:
        if isinstance(error, kind):
            return answer(text=text)
    if error.status == 431:
        return refusals.FormHeadersTooLargeError(text=text)
    if error.status == 415:
        return refusals.UnsupportedFormError(text=text)
    return refusals.BadFormError(text=text)
