"""What a form contains, once it has been read."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, final

from ._errors import MalformedError
from ._events import Headers
from ._filename import safe_filename
from ._spool import Spool

__all__ = ["Form", "FormFile", "FormValue", "StreamedPart", "Target"]


class Target(Protocol):
    """Where the data of a part may be streamed to: a hash, a file, an upload to elsewhere."""

    def write(self, data: bytes, /) -> object: ...


@final
class FormFile:
    """An uploaded file: in memory or in a temporary file, whatever its size asked for.

    ``file`` stands at its start. ``filename`` is what the peer wrote, paths included; store files
    under ``safe_filename``. ``content_type`` is the peer's claim, ``application/octet-stream``
    without one. ``size`` is in bytes.
    """

    __slots__ = ("_spool", "content_type", "filename", "headers", "name")

    def __init__(
        self, name: str, filename: str, content_type: str, headers: Headers, spool: Spool
    ) -> None:
        self.name = name
        self.filename = filename
        self.content_type = content_type
        self.headers = headers
        self._spool = spool

    @property
    def file(self) -> BinaryIO:
        return self._spool.file

    @property
    def size(self) -> int:
        return self._spool.size

    @property
    def in_memory(self) -> bool:
        """Whether reading ``file`` never touches the disk."""
        return self._spool.in_memory

    @property
    def safe_filename(self) -> str:
        """``filename`` made safe to create in a folder (see ``safe_filename()``)."""
        return safe_filename(self.filename)

    def read(self) -> bytes:
        """The whole content, wherever ``file`` stands; ``file`` then stands at its end."""
        self.file.seek(0)
        return self.file.read()

    def close(self) -> None:
        """Remove the temporary file. Closing twice is harmless."""
        self._spool.close()

    def __repr__(self) -> str:
        return (
            f"<FormFile {self.name!r}: {self.filename!r}, {self.content_type}, {self.size} bytes>"
        )


@final
class StreamedPart:
    """A part whose ``size`` decoded bytes went to ``target``."""

    __slots__ = ("content_type", "filename", "headers", "name", "size", "target")

    def __init__(
        self,
        name: str,
        filename: str | None,
        content_type: str | None,
        headers: Headers,
        target: Target,
        size: int,
    ) -> None:
        self.name = name
        self.filename = filename
        self.content_type = content_type
        self.headers = headers
        self.target = target
        self.size = size

    def __repr__(self) -> str:
        return f"<StreamedPart {self.name!r}: {self.size} bytes to {self.target!r}>"


# Text fields are str; fields of another media type than text/*, and file inputs in which no file
# was chosen, are bytes.
FormValue = str | bytes | FormFile | StreamedPart


@final
class Form:
    """The fields of a form in order; a name may stand several times.

    ``form[name]`` is the first value of that name (``KeyError`` if none); ``getall``, ``items``
    have all. ``text`` and ``file`` are for handlers that know what they asked for: of the wanted
    type or a ``MalformedError`` that names the field. Close the form, or use it in ``with``, to
    remove temporary files.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, FormValue]] = ()) -> None:
        self._pairs = tuple(pairs)

    def __getitem__(self, name: str) -> FormValue:
        for key, value in self._pairs:
            if key == name:
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self._pairs)

    def __iter__(self) -> Iterator[str]:
        """Each name once, in order of first appearance."""
        return iter(dict.fromkeys(key for key, _ in self._pairs))

    def __len__(self) -> int:
        """How many values there are, of all names."""
        return len(self._pairs)

    def get(self, name: str, default: FormValue | None = None) -> FormValue | None:
        """The first value of that name."""
        for key, value in self._pairs:
            if key == name:
                return value
        return default

    def getall(self, name: str) -> list[FormValue]:
        """All values of that name, in order."""
        return [value for key, value in self._pairs if key == name]

    def items(self) -> tuple[tuple[str, FormValue], ...]:
        """All (name, value) pairs, in order."""
        return self._pairs

    def text(self, name: str, default: str | None = None) -> str:
        """The first value of that name, which must be text.

        Raises ``MalformedError`` if it is absent and there is no default, or is no text.
        """
        value = self.get(name, default)
        if isinstance(value, str):
            return value
        raise _unexpected(name, "text", value)

    def file(self, name: str) -> FormFile:
        """The first value of that name, which must be a file. Raises ``MalformedError``."""
        value = self.get(name)
        if isinstance(value, FormFile):
            return value
        raise _unexpected(name, "a file", value)

    def files(self) -> list[FormFile]:
        """All files, in order."""
        return [value for _, value in self._pairs if isinstance(value, FormFile)]

    def close(self) -> None:
        """Remove all temporary files. Closing twice is harmless."""
        for file in self.files():
            file.close()

    def __enter__(self) -> "Form":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Form({list(self._pairs)!r})"


def _unexpected(name: str, wanted: str, value: FormValue | None) -> MalformedError:
    got = "is absent" if value is None else f"is {type(value).__name__}"
    return MalformedError(f"field {name[:40]!a} should be {wanted} but {got}", field=name)
