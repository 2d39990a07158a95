"""Turn errors of ``treadle_multipart`` into the exceptions that handlers see.

They are HTTP responses, and ``ValueError`` too: code that catches the ``ValueError`` of a
``MultipartReader`` works the same with the reader of a request.
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
    """The form has an unknown charset or coding, or the body is not a form."""


class FormTooLargeError(HTTPRequestEntityTooLarge, ValueError):
    """The form exceeds a limit of size or number."""


class FormHeadersTooLargeError(HTTPRequestHeaderFieldsTooLarge, ValueError):
    """The headers of a part exceed their limit of size or number."""


def form_answer(error: MultipartError) -> Exception:
    """Return the response to ``error``, with its message; a ``UsageError`` as it is."""
    if isinstance(error, UsageError):
        return error
    text = f"{error.status}: {error}"
    if isinstance(error, LimitError):
        # How to raise the limit is a hint for the program's author, not for its clients.
        text = text.removesuffix(f"; raise {error.limit_name}= to allow it")
        if error.status == 413:
            return FormTooLargeError(error.limit, text=text)
    if error.status == 415:
        return UnsupportedFormError(text=text)
    if error.status == 431:
        return FormHeadersTooLargeError(text=text)
    return BadFormError(text=text)
