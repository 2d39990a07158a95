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
    """Base of all errors of this package."""

    status: ClassVar[int] = 400

    def __init__(
        self, message: str, *, field: str | None = None, offset: int | None = None
    ) -> None:
        # Not ``super()``: a subclass may be another built-in exception too.
        ValueError.__init__(self, message)
        self.message = message
        self.field = field
        self.offset = offset


class MalformedError(MultipartError):
    """The peer broke the format; ``leniency`` names the leniency that would accept it, or None."""

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

    status: ClassVar[int] = 415


class UnknownCharsetError(UnsupportedError, LookupError):
    """The peer named a charset that is not supported."""


class UnknownCodingError(UnsupportedError, RuntimeError):
    """The peer named a transfer or content coding that is not supported."""


class UndecodableTextError(MalformedError, UnicodeDecodeError):
    """The text of a field is not in its charset; ``__cause__`` is the codec's error."""

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

    status: ClassVar[int] = 500


class LimitError(MultipartError):
    """The peer sent more than a ``MultipartLimits`` field allows.

    ``limit_name`` is the name of that field, ``limit`` its value.
    """

    status: ClassVar[int] = 413
    limit_name: ClassVar[str] = ""
    # The start of the message: the thing that is counted, with its unit.
    what: ClassVar[str] = ""

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
    limit_name = "max_total"
    what = "the body is longer than {limit} bytes"


class PartTooLargeError(LimitError):
    limit_name = "max_part_size"
    what = "a part is longer than {limit} bytes"


class MemoryLimitError(LimitError):
    limit_name = "max_memory"
    what = "the form needs more than {limit} bytes of memory"


class TooManyPartsError(LimitError):
    limit_name = "max_parts"
    what = "the body has more than {limit} parts"


class TooManyFilesError(LimitError):
    limit_name = "max_files"
    what = "the form has more than {limit} files"


class TooManyFieldsError(LimitError):
    limit_name = "max_fields"
    what = "the form has more than {limit} fields"


class TooManyHeadersError(LimitError):
    status = 431
    limit_name = "max_part_headers"
    what = "a part has more than {limit} headers"


class HeaderTooLargeError(LimitError):
    status = 431
    limit_name = "max_header_size"
    what = "the headers of a part are longer than {limit} bytes"


class NameTooLongError(LimitError):
    limit_name = "max_name_length"
    what = "the name of a field is longer than {limit} characters"


class NestedTooDeepError(LimitError):
    status = 400
    limit_name = "max_depth"
    what = "multiparts are nested more than {limit} deep"


def _shorten(name: str) -> str:
    """Return a peer's name for a log line: quoted, control characters escaped, at most 40 long."""
    return ascii(name if len(name) <= 40 else name[:40] + "...")
