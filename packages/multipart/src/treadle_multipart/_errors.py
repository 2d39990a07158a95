"""The errors of this package, split by fault.

There are three families under one base. The peer is at fault: what it sent is malformed
(``MalformedError``) or cannot be decoded here (``UnsupportedError``). A limit was exceeded
(``LimitError``, one subclass for each limit). The caller broke the contract (``UsageError``).

Besides its message, every error has facts: ``status`` is the HTTP status for a server to answer
with, ``field`` the name of the form field at fault, ``offset`` the position in the body.
"""

from collections.abc import Iterable
from typing import ClassVar, Final, Literal, get_args

__all__ = [
    "COMMON_LENIENCIES",
    "HeaderTooLargeError",
    "Leniency",
    "LimitError",
    "MalformedError",
    "MemoryLimitError",
    "MultipartError",
    "NameTooLongError",
    "NestedTooDeepError",
    "PartTooLargeError",
    "TooManyFieldsError",
    "TooManyFilesError",
    "TooManyHeadersError",
    "TooManyPartsError",
    "TotalTooLargeError",
    "UndecodableTextError",
    "UnknownCharsetError",
    "UnknownCodingError",
    "UnsupportedError",
    "UsageError",
    "leniencies",
]

#: A deviation from the grammar that parsers accept unless they are strict.
Leniency = Literal[
    "lf-line-ends",  # lines end with LF alone
    "missing-final-boundary",  # the body ends without ``--boundary--``
    "folded-header",  # a header continues on the next line (RFC 5322 allows it, RFC 9112 not)
    "undecodable-header",  # header bytes outside the header charset become U+FFFD
    "undecodable-text",  # the same for the text of a field
    "loose-disposition",  # unescaped backslashes and quotes, unquoted values that are not tokens
    "repeated-disposition",  # the first of several dispositions or parameters wins
    "filename-star",  # ``filename*`` in form-data without a plain ``filename``
    "name-star",  # ``name*`` in form-data without a plain ``name``
]

#: The leniencies that real clients need, and that leave one meaning to each form: mailers fold
#: headers, browsers do not escape a backslash, aiohttp's client writes ``name*``, old pages write
#: names in their own charset.
COMMON_LENIENCIES: Final[frozenset[Leniency]] = frozenset(
    (
        "folded-header", "undecodable-header", "loose-disposition", "filename-star", "name-star",
    )
)  # fmt: skip
_ALL: Final[frozenset[Leniency]] = frozenset(get_args(Leniency))


def leniencies(strict: bool, accept: Iterable[Leniency]) -> frozenset[Leniency]:
    """Return the leniencies that the two settings of a parser mean.

    Raises ``UsageError`` for an unknown one.
    """
    if not strict:
        return _ALL
    accepted = frozenset(accept)
    if unknown := accepted - _ALL:
        raise UsageError(
            f"accept has {sorted(unknown)!r}, which are not leniencies; use some of {sorted(_ALL)}"
        )
    return accepted


class MultipartError(ValueError):
    """Base of all errors of this package; a ``ValueError``."""

    #: The HTTP status for a server to answer with.
    status: ClassVar[int] = 400
    #: The sentence that ``str()`` returns: the facts and the fix, safe for a log line.
    message: str
    #: The name of the form field at fault, as the peer sent it; None if it has none.
    field: str | None
    #: The position in the body, in bytes from its start; None if it is unknown.
    offset: int | None

    def __init__(
        self, message: str, *, field: str | None = None, offset: int | None = None
    ) -> None:
        # Not ``super()``: a subclass may be another built-in exception too.
        ValueError.__init__(self, message)
        self.message = message
        self.field = field
        self.offset = offset


class MalformedError(MultipartError):
    """The peer broke the format."""

    #: The leniency that would accept it; None if no leniency does.
    leniency: Leniency | None

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        offset: int | None = None,
        leniency: Leniency | None = None,
    ) -> None:
        super().__init__(message, field=field, offset=offset)
        self.leniency = leniency


class UnsupportedError(MultipartError):
    """The peer used a media type, charset or coding that this package does not decode."""

    #: 415 Unsupported Media Type.
    status: ClassVar[int] = 415


class UnknownCharsetError(UnsupportedError, LookupError):
    """The peer named a charset that is not supported."""


class UnknownCodingError(UnsupportedError, RuntimeError):
    """The peer named a transfer or content coding that is not supported."""


class UndecodableTextError(MalformedError, UnicodeDecodeError):
    """The text of a field is not in its charset; ``__cause__`` is the codec's error.

    Its other members are those of a ``UnicodeDecodeError``: ``encoding``, ``object``, ``start``,
    ``end`` and ``reason``.
    """

    def __init__(
        self, message: str, cause: UnicodeDecodeError, *, field: str | None = None
    ) -> None:
        MalformedError.__init__(self, message, field=field, leniency="undecodable-text")
        UnicodeDecodeError.__init__(
            self, cause.encoding, cause.object, cause.start, cause.end, cause.reason
        )
        self.__cause__: BaseException | None = cause

    def __str__(self) -> str:
        return self.message


class UsageError(MultipartError):
    """The caller broke the contract of a function: a bug in the program, not in the input."""

    #: 500 Internal Server Error.
    status: ClassVar[int] = 500


class LimitError(MultipartError):
    """The peer sent more than a ``MultipartLimits`` field allows."""

    #: 413 Content Too Large, 431 for headers, 400 for nesting.
    status: ClassVar[int] = 413
    #: The name of the field of ``MultipartLimits``.
    limit_name: ClassVar[str] = ""
    #: The start of the message: the thing that is counted, with its unit.
    what: ClassVar[str] = ""
    #: The value of that field.
    limit: int

    def __init__(self, limit: int, *, field: str | None = None, offset: int | None = None) -> None:
        where = "" if field is None else f" in field {_shorten(field)}"
        at = "" if offset is None else f" at offset {offset}"
        super().__init__(
            f"{self.what.format(limit=limit)}{where}{at}; raise {self.limit_name}= to allow it",
            field=field,
            offset=offset,
        )
        self.limit = limit


class TotalTooLargeError(LimitError):
    """The body has more bytes than ``max_total``."""

    limit_name = "max_total"
    what = "the body is longer than {limit} bytes"


class PartTooLargeError(LimitError):
    """A part has more bytes than ``max_part_size``, as sent or decoded."""

    limit_name = "max_part_size"
    what = "a part is longer than {limit} bytes"


class MemoryLimitError(LimitError):
    """The form needs more bytes of memory than ``max_memory``."""

    limit_name = "max_memory"
    what = "the form needs more than {limit} bytes of memory"


class TooManyPartsError(LimitError):
    """The body has more parts than ``max_parts``, nested ones included."""

    limit_name = "max_parts"
    what = "the body has more than {limit} parts"


class TooManyFilesError(LimitError):
    """The form has more files than ``max_files``."""

    limit_name = "max_files"
    what = "the form has more than {limit} files"


class TooManyFieldsError(LimitError):
    """The form has more fields that are not files than ``max_fields``."""

    limit_name = "max_fields"
    what = "the form has more than {limit} fields"


class TooManyHeadersError(LimitError):
    """A part has more header lines than ``max_part_headers``."""

    status = 431
    limit_name = "max_part_headers"
    what = "a part has more than {limit} headers"


class HeaderTooLargeError(LimitError):
    """The header lines of a part have more bytes than ``max_header_size``."""

    status = 431
    limit_name = "max_header_size"
    what = "the headers of a part are longer than {limit} bytes"


class NameTooLongError(LimitError):
    """The name of a field has more characters than ``max_name_length``."""

    limit_name = "max_name_length"
    what = "the name of a field is longer than {limit} characters"


class NestedTooDeepError(LimitError):
    """Multiparts are nested deeper than ``max_depth``."""

    status = 400
    limit_name = "max_depth"
    what = "multiparts are nested more than {limit} deep"


def _shorten(name: str) -> str:
    """Return a peer's name for a log line: quoted, control characters escaped, at most 40 long."""
    return ascii(name if len(name) <= 40 else name[:40] + "...")
