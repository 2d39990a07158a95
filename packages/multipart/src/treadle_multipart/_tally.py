"""Count the parts, files and fields of a body against their limits.

A body has one ``Tally``: the parser of a nested multipart shares that of the outer one.
"""

from typing import final

from ._errors import (
    NameTooLongError,
    TooManyFieldsError,
    TooManyFilesError,
    TooManyPartsError,
)
from ._events import PartBegin
from ._limits import MultipartLimits, bound

__all__ = ["Tally"]


@final
class Tally:
    """The counts of one body."""

    __slots__ = ("_max_fields", "_max_files", "_max_name", "_max_parts", "fields", "files", "parts")

    def __init__(self, limits: MultipartLimits) -> None:
        self._max_parts = bound(limits.max_parts)
        self._max_files = bound(limits.max_files)
        self._max_fields = bound(limits.max_fields)
        self._max_name = bound(limits.max_name_length)
        self.parts = 0
        self.files = 0
        self.fields = 0

    def count(self, part: PartBegin) -> None:
        """Count a part. Raises the ``LimitError`` of the limit that it exceeds."""
        name = part.name
        self.parts += 1
        if self.parts > self._max_parts:
            raise TooManyPartsError(self._max_parts, field=name)
        if name is not None and len(name) > self._max_name:
            raise NameTooLongError(self._max_name, field=name)
        # A file input without a file sends an empty file name; there is nothing to store.
        if part.filename:
            self.files += 1
            if self.files > self._max_files:
                raise TooManyFilesError(self._max_files, field=name)
        elif name is not None:
            self.fields += 1
            if self.fields > self._max_fields:
                raise TooManyFieldsError(self._max_fields, field=name)
