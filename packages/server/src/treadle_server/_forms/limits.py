"""The limits of the form readers: each one is named here or by the caller, and no other applies.

They start from ``MultipartLimits.unlimited()``, so that a limit that a later version of
``treadle_multipart`` adds changes nothing here. 0 in an application's options means no limit.
"""

from typing import Final

from treadle_multipart import MultipartLimits

__all__ = ["PART_LIMITS", "body_limits", "form_limits", "reader_limits", "urlencoded_limits"]

_DEFAULTS: Final = MultipartLimits()

#: Limits on the head of a part and on nesting: the defaults of ``treadle_multipart``, because
#: applications have no options for them.
PART_LIMITS: Final = MultipartLimits.unlimited().replace(
    max_part_headers=_DEFAULTS.max_part_headers,
    max_header_size=_DEFAULTS.max_header_size,
    max_name_length=_DEFAULTS.max_name_length,
    max_depth=_DEFAULTS.max_depth,
)


def _most(number: int) -> int | None:
    """Return a limit as ``treadle_multipart`` takes it: 0 and negative ones mean none."""
    return number if number > 0 else None


def form_limits(client_max_size: int, client_max_fields: int) -> MultipartLimits:
    """Return the limits of ``request.post()``.

    Text is limited by the size of the body; files, in memory, by the spool's policy as well.
    """
    return PART_LIMITS.replace(
        max_total=client_max_size or None, max_parts=_most(client_max_fields)
    )


def body_limits(client_max_fields: int) -> MultipartLimits:
    """Return the limits of ``request.multipart()``: the body may have any size."""
    return PART_LIMITS.replace(max_parts=_most(client_max_fields))


def reader_limits(max_parts: int | None, max_headers: int, max_field_size: int) -> MultipartLimits:
    """Return the limits of a ``MultipartReader`` that a program makes itself."""
    return PART_LIMITS.replace(
        max_parts=max_parts, max_part_headers=max_headers, max_header_size=2 * max_field_size
    )


def urlencoded_limits(client_max_fields: int) -> MultipartLimits:
    """Return the limits of an urlencoded body, whose size was limited when it was read."""
    return MultipartLimits.unlimited().replace(max_fields=_most(client_max_fields))
