"""Errors of ``treadle_multipart`` as answers: what a handler sees of a form that it cannot have.

The answers are ``ValueError`` too: code that catches what ``MultipartReader`` raises by itself
works the same with the reader of a request.
"""

from treadle_multipart import LimitError, MultipartError, UsageError
from treadle_responses import (
    HTTPBadRequest,
    HTTPRequestEntityTooLarge,
    HTTPRequestHeaderFieldsTooLarge,
    HTTPUnsupportedMediaType,
)

__all__ = ["form_answer"]


class BadFormError(HTTPBadRequest, ValueError):
    """The form is malformed."""


class UnsupportedFormError(HTTPUnsupportedMediaType, ValueError):
    """The form has a charset or coding that is not known, or the body is no form."""


class FormTooLargeError(HTTPRequestEntityTooLarge, ValueError):
    """The form is larger, or has more of something, than the limits say."""


class FormHeadersTooLargeError(HTTPRequestHeaderFieldsTooLarge, ValueError):
    """A part has more or longer headers than the limits say."""


def form_answer(error: MultipartError) -> Exception:
    """Return the answer to ``error``, whose sentence names the field; a bug stays what it is."""
    if isinstance(error, UsageError):
        return error
    text = f"{error.status}: {error}"
    if isinstance(error, LimitError):
        # How to raise the limit is for the log of a program, not for its clients.
        text = text.removesuffix(f"; raise {error.limit_name}= to allow it")
        if error.status == 413:
            return FormTooLargeError(error.limit, text=text)
    if error.status == 415:
        return UnsupportedFormError(text=text)
    if error.status == 431:
        return FormHeadersTooLargeError(text=text)
    return BadFormError(text=text)
