"""Answers to bodies that cannot be read, which are also the errors that programs catch.

A handler for aiohttp has ``except ValueError`` around ``json()``, ``except UnicodeDecodeError``
around ``text()`` or ``except LookupError`` for a charset. Each class here is such an error, and the
4xx answer if it leaves the handler. Nothing but ``treadle_responses`` is imported: a server
without forms starts without the rest of this room.
"""

import json
from typing import Any, Final

from treadle_responses import (
    HTTPBadRequest,
    HTTPException,
    HTTPRequestEntityTooLarge,
    HTTPRequestHeaderFieldsTooLarge,
    HTTPUnsupportedMediaType,
)

__all__ = [
    "BadFormError",
    "BadJSONError",
    "BadTextError",
    "FormHeadersTooLargeError",
    "FormTooLargeError",
    "NotMultipartError",
    "UnknownCharsetError",
    "UnknownCodingError",
    "UnsupportedFormError",
    "json_refusal",
]


class BadTextError(HTTPBadRequest, UnicodeDecodeError):  # type: ignore[override]  # two ``reason``
    """The text of a body is not in its charset.

    ``reason`` is that of the response; that of the codec is the last one of ``args``.
    """

    def __init__(self, cause: UnicodeDecodeError, text: str) -> None:
        HTTPBadRequest.__init__(self, text=text)
        facts = (cause.encoding, cause.object, cause.start, cause.end, cause.reason)
        UnicodeDecodeError.__init__(self, *facts)

    def __reduce__(self) -> tuple[Any, ...]:
        # ``UnicodeDecodeError`` shows what its constructor stored, not ``args``.
        return type(self), (UnicodeDecodeError(*self.args), ""), self.__dict__


class BadJSONError(HTTPBadRequest, json.JSONDecodeError):
    """The body is not JSON; ``doc``, ``pos``, ``lineno`` and ``colno`` say where."""

    def __init__(self, msg: str, doc: str, pos: int, text: str | None = None) -> None:
        HTTPBadRequest.__init__(self, text=text)
        json.JSONDecodeError.__init__(self, msg, doc, pos)


class UnknownCharsetError(HTTPUnsupportedMediaType, ValueError, LookupError):
    """The charset of a text is unknown."""


class BadFormError(HTTPBadRequest, ValueError):
    """The form is malformed."""

    def __str__(self) -> str:
        # Programs catch the ``ValueError`` and show it.
        return self.text or super().__str__()


class UnsupportedFormError(HTTPUnsupportedMediaType, ValueError):
    """The body is not a form that can be read."""


class UnknownCodingError(UnsupportedFormError, RuntimeError):
    """A part has an unknown coding."""


class NotMultipartError(UnsupportedFormError, AssertionError):
    """The body is not multipart; aiohttp asserts that it is."""


class FormTooLargeError(HTTPRequestEntityTooLarge, ValueError):
    """The form exceeds a limit of size or number."""


class FormHeadersTooLargeError(HTTPRequestHeaderFieldsTooLarge, ValueError):
    """The headers of a part exceed their limit of size or number."""


def json_refusal(error: ValueError | RecursionError, document: str, text: str) -> Exception:
    """Return a ``BadJSONError`` that is also an instance of the class of ``error``.

    Decoders of other libraries have classes of their own, which their users catch. A class that
    cannot be combined with a response is left out. ``text`` is the body of the answer.
    """
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, RecursionError):
        return BadJSONError("Nested too deeply", document, 0, text)
    facts = (str(error), document, 0)
    if isinstance(error, json.JSONDecodeError):
        # ``loads`` may have encoded the text, and its error have bytes.
        facts = (error.msg, error.doc if isinstance(error.doc, str) else document, error.pos)
    try:
        kind = _combined(type(error))
        answer = kind.__new__(kind, *error.args)
    except TypeError:
        answer = BadJSONError.__new__(BadJSONError)
    BadJSONError.__init__(answer, *facts, text)
    answer.args = error.args
    for name, value in vars(error).items():
        if not hasattr(answer, name):
            setattr(answer, name, value)
    return answer


#: By the class of the decoder's error. Programs have one or two decoders.
_COMBINED: Final[dict[type[ValueError], type[BadJSONError]]] = {}


def _combined(kind: type[ValueError]) -> type[BadJSONError]:
    """Return a class that is both; raises ``TypeError`` for a class that is final."""
    if issubclass(BadJSONError, kind):
        return BadJSONError
    if kind not in _COMBINED:
        members = {"__doc__": BadJSONError.__doc__}
        _COMBINED[kind] = type(kind.__name__, (BadJSONError, kind), members)
    return _COMBINED[kind]
