"""The events that the parser returns: four small final values.

Order: any number of times one ``PartBegin``, zero or more ``PartData`` and one ``PartEnd``, then
exactly one ``End``.
"""

from typing import final

from ._errors import MalformedError
from ._options import split_parameters

__all__ = ["End", "Event", "Headers", "PartBegin", "PartData", "PartEnd"]

#: The headers of a part: pairs of a name and a value, in their order.
Headers = tuple[tuple[str, str], ...]


@final
class PartBegin:
    """A part starts; its headers are complete.

    ``headers`` are the lines in order, names as sent, values without surrounding blanks.
    ``disposition`` is the lower-case type of Content-Disposition (``form-data``, ``attachment``
    ...), ``name`` and ``filename`` its parameters, unquoted; each is None if absent.
    **``filename`` is raw**: as the peer wrote it, paths included. To store a file use
    ``safe_filename``.
    """

    __slots__ = ("disposition", "filename", "headers", "name")
    __match_args__ = ("headers", "disposition", "name", "filename")

    def __init__(
        self,
        headers: Headers,
        disposition: str | None = None,
        name: str | None = None,
        filename: str | None = None,
    ) -> None:
        self.headers: Headers = headers
        self.disposition: str | None = disposition
        self.name: str | None = name
        self.filename: str | None = filename

    def header(self, name: str, default: str | None = None) -> str | None:
        """Return the first header of that name in any case, or ``default``."""
        name = name.lower()
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return default

    @property
    def content_type(self) -> str | None:
        """The lower-case media type without parameters, None without a Content-Type."""
        value = self.header("content-type")
        return None if value is None else value.partition(";")[0].strip(" \t").lower()

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type; None if it is absent, empty or unreadable."""
        value = self.header("content-type")
        if value is None:
            return None
        try:
            params = split_parameters(value, len(value.partition(";")[0]), loose=True)
        except MalformedError:
            return None
        return next((text for key, text, _ in params if key == "charset"), None) or None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, PartBegin)
            and self.headers == other.headers
            and self.disposition == other.disposition
            and self.name == other.name
            and self.filename == other.filename
        )

    def __hash__(self) -> int:
        return hash((self.headers, self.disposition, self.name, self.filename))

    def __repr__(self) -> str:
        return (
            f"PartBegin({self.headers!r}, disposition={self.disposition!r}, "
            f"name={self.name!r}, filename={self.filename!r})"
        )


@final
class PartData:
    """Some bytes of the current part, never empty, still in its transfer encoding."""

    __slots__ = ("data",)
    __match_args__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data: bytes = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartData) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return f"PartData({self.data!r})"


@final
class PartEnd:
    """The current part is complete."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartEnd)

    def __hash__(self) -> int:
        return hash(PartEnd)

    def __repr__(self) -> str:
        return "PartEnd()"


@final
class End:
    """The final boundary was read; all bytes behind it are ignored (RFC 2046: epilogue)."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, End)

    def __hash__(self) -> int:
        return hash(End)

    def __repr__(self) -> str:
        return "End()"


#: The values that a parser hands to its caller.
Event = PartBegin | PartData | PartEnd | End
