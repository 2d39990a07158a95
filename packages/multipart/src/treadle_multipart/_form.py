"""The content of a form that has been read: text, files, and parts that were streamed away."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, final, runtime_checkable

from ._errors import MalformedError
from ._events import Headers
from ._filename import safe_filename
from ._spool import Spool

__all__ = ["Form", "FormFile", "FormValue", "StreamedPart", "Target", "UploadTarget"]


class Target(Protocol):
    """A sink for the data of a part: a hash, a file, an upload to another server.

    A target that has ``abort`` is an ``UploadTarget``, which is told how the form ended. Any other
    is only written to: the program closes it, and removes what a form that failed has left in it.
    """

    def write(self, data: bytes, /) -> object:
        """Take the next bytes of the part, decoded; the result does not matter."""


@runtime_checkable
class UploadTarget(Target, Protocol):
    """A target that is closed if the form was read to its end, and aborted otherwise.

    Exactly one of the two methods is called, and it is called once: ``close`` when the last byte of
    the whole form was read, for the targets of all parts in their order; ``abort`` if the client
    leaves, the form is malformed or exceeds a limit, a target fails, the program raises an
    exception or the task is cancelled. So a form is stored as a whole or not at all.
    """

    def close(self) -> object:
        """Complete the upload; if this raises, clean up here: ``abort`` does not follow.

        The targets behind this one are then aborted, and the exception is raised for the form.
        """

    def abort(self) -> object:
        """Remove what was written; an exception of this becomes a note of the form's error."""


@final
class FormFile:
    """An uploaded file, in memory or in a temporary file, depending on its size.

    ``file`` is at its start. ``filename`` is raw, as the peer sent it, paths included; store files
    under ``safe_filename``. ``content_type`` is the peer's claim, ``application/octet-stream`` if
    it makes none. ``size`` is in bytes.
    """

    __slots__ = ("_spool", "content_type", "filename", "headers", "name")

    def __init__(
        self, name: str, filename: str, content_type: str, headers: Headers, spool: Spool
    ) -> None:
        self.name: str = name
        self.filename: str = filename
        self.content_type: str = content_type
        self.headers: Headers = headers
        self._spool = spool

    @property
    def file(self) -> BinaryIO:
        """The content, open, at its start when the form is returned."""
        return self._spool.file

    @property
    def size(self) -> int:
        """The number of bytes, decoded."""
        return self._spool.size

    @property
    def in_memory(self) -> bool:
        """True if ``file`` is in memory, so that reading it never blocks."""
        return self._spool.in_memory

    @property
    def safe_filename(self) -> str:
        """``filename`` made safe to create in a folder (see ``safe_filename()``)."""
        return safe_filename(self.filename)

    def read(self) -> bytes:
        """Return the whole content, from any position of ``file``, which is then at its end."""
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
    """A part that was written to ``target``; ``size`` counts its decoded bytes."""

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
        self.name: str = name
        self.filename: str | None = filename
        self.content_type: str | None = content_type
        self.headers: Headers = headers
        self.target: Target = target
        self.size: int = size

    def __repr__(self) -> str:
        return f"<StreamedPart {self.name!r}: {self.size} bytes to {self.target!r}>"


#: The value of a field. Text fields are ``str``; fields of another media type than ``text/*``, and
#: file inputs without a chosen file, are ``bytes``.
FormValue = str | bytes | FormFile | StreamedPart


@final
class Form:
    """The fields of a form in order; a name may occur several times.

    ``form[name]`` is the first value of that name (``KeyError`` if none); ``getall`` and ``items``
    return all. ``text`` and ``file`` are for handlers that expect a type: they raise a
    ``MalformedError`` that names the field if the value has another one. Close the form, or use it
    in ``with``, to remove temporary files.
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
        """Iterate over the names, each once, in order of first appearance."""
        return iter(dict.fromkeys(key for key, _ in self._pairs))

    def __len__(self) -> int:
        """Return the number of values of all names."""
        return len(self._pairs)

    def get(self, name: str, default: FormValue | None = None) -> FormValue | None:
        """Return the first value of that name, or ``default``."""
        for key, value in self._pairs:
            if key == name:
                return value
        return default

    def getall(self, name: str) -> list[FormValue]:
        """Return all values of that name, in order."""
        return [value for key, value in self._pairs if key == name]

    def items(self) -> tuple[tuple[str, FormValue], ...]:
        """Return all (name, value) pairs, in order."""
        return self._pairs

    def text(self, name: str, default: str | None = None) -> str:
        """Return the first value of that name, which must be text.

        Raises ``MalformedError`` if it is not text, or if it is absent and ``default`` is None.
        """
        value = self.get(name, default)
        if isinstance(value, str):
            return value
        raise _unexpected(name, "text", value)

    def file(self, name: str) -> FormFile:
        """Return the first value of that name, which must be a file; else ``MalformedError``."""
        value = self.get(name)
        if isinstance(value, FormFile):
            return value
        raise _unexpected(name, "a file", value)

    def files(self) -> list[FormFile]:
        """Return all files, in order."""
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
