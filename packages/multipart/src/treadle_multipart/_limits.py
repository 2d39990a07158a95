"""The limits on what a peer may send: one frozen value, each default with its reason."""

import dataclasses
from dataclasses import dataclass, fields
from sys import maxsize
from typing import final

from ._errors import UsageError

__all__ = ["MultipartLimits", "bound"]

_KIB = 1024
_MIB = 1024 * _KIB


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartLimits:
    """Limits of a form or multipart body; ``None`` switches a limit off.

    A limit is the largest value that passes. To set a few limits and have no others, start from
    ``unlimited``: ``MultipartLimits.unlimited().replace(max_fields=10)``. Raises ``UsageError`` for
    a negative or non-integer limit.
    """

    # Bytes of the body as received. Any server can store a temporary file of this size, and an
    # upload service that needs more sets its own (defaults: nginx 1 MiB, PHP 8, Spring 10).
    max_total: int | None = 256 * _MIB

    # Bytes of one part, counted after decoding, so that a zip bomb stops while it inflates.
    max_part_size: int | None = 128 * _MIB

    # Bytes of a form kept in memory: all text together and the files that are not on disk yet.
    # A hundred forms read at once then stay under half a gigabyte (Django: 2.5 MiB a form).
    max_memory: int | None = 4 * _MIB

    # Parts in a body, nested ones included. aiohttp, Starlette and Django stop at 1,000 fields; a
    # part costs far more time and memory than its bytes.
    max_parts: int | None = 1000

    # Parts with a file name: each may hold a file descriptor (Django: 100).
    max_files: int | None = 100

    # Parts with a name and no file name; pairs of an urlencoded body.
    max_fields: int | None = 1000

    # Header lines of a part. RFC 7578 has three; mail gateways add some to multipart/mixed.
    max_part_headers: int | None = 32

    # Bytes of all header lines of a part together (servers accept 8 to 64 KiB for a request).
    max_header_size: int | None = 16 * _KIB

    # Characters of a field name; frameworks build paths such as a[b][c] from names.
    max_name_length: int | None = 1024

    # Levels of multipart in multipart. A form has one, mail rarely more than three.
    max_depth: int | None = 3

    def __post_init__(self) -> None:
        for field in fields(self):
            value: object = getattr(self, field.name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise UsageError(
                    f"{field.name}={value!r} is not a limit: pass an integer from 0 up, "
                    "or None for no limit"
                )

    @classmethod
    def unlimited(cls) -> "MultipartLimits":
        """Return limits that are all off; limits of later versions will be off too."""
        return cls(**{field.name: None for field in fields(cls)})

    def replace(self, **changes: int | None) -> "MultipartLimits":
        """Return these limits with some changed. Raises ``TypeError`` for an unknown name."""
        return dataclasses.replace(self, **changes)


def bound(limit: int | None) -> int:
    """Return a limit as an integer, so that hot loops need no ``is None`` branch."""
    return maxsize if limit is None else limit
