"""The table of media types under aiohttp's name, for programs that read it or add to it.

``CONTENT_TYPES.add_type("model/x", ".x")`` counts for each file that is sent. The other rows, which
depend on the machine, are only for ``CONTENT_TYPES.guess_type`` (Home Assistant).
"""

import mimetypes
from typing import Final, final

from .prepare import ADDED_TYPES

__all__ = ["CONTENT_TYPES", "FALLBACK_CONTENT_TYPE"]

#: The media type of a file with an unknown extension.
FALLBACK_CONTENT_TYPE: Final = "application/octet-stream"


@final
class _ContentTypes(mimetypes.MimeTypes):
    """A table of the standard library that hands on what is added to it."""

    _is_complete = False

    def __init__(self) -> None:
        super().__init__()
        # A file with the extension of a coding is sent as that type, not as coded.
        self.encodings_map.clear()
        for extension, media_type in (
            (".gz", "application/gzip"),
            (".br", "application/x-brotli"),
            (".bz2", "application/x-bzip2"),
            (".Z", "application/x-compress"),
            (".xz", "application/x-xz"),
        ):
            self.add_type(media_type, extension)
        self._is_complete = True

    def add_type(self, type: str, ext: str, strict: bool = True) -> None:  # noqa: A002
        """Add the media type ``type`` for names that end with ``ext``."""
        super().add_type(type, ext, strict)
        if self._is_complete:
            ADDED_TYPES[ext.lower()] = type


#: The media types of files; ``add_type`` adds one.
CONTENT_TYPES: Final = _ContentTypes()
