"""Forms: the body of a request as fields, read by ``treadle_multipart``.

That package is imported with the first form: a server without forms starts without it.
"""

from multidict import MultiDict

__all__ = ["parse_urlencoded_form"]


def parse_urlencoded_form(body: bytes, charset: str, max_fields: int) -> MultiDict[str]:
    """Return the fields of an ``application/x-www-form-urlencoded`` body, blank values included.

    ``max_fields`` of 0 means no limit. Raises ``HTTPRequestEntityTooLarge`` for more fields,
    ``HTTPUnsupportedMediaType`` for an unknown charset and ``HTTPBadRequest`` for bytes that are
    not of it.
    """
    from treadle_multipart import MultipartError, MultipartLimits, parse_urlencoded

    from .errors import form_answer

    # Only the number of fields is limited here: the size of the whole body was, when it was read.
    limits = MultipartLimits(
        max_total=None,
        max_part_size=None,
        max_memory=None,
        max_parts=None,
        max_name_length=None,
        max_fields=max_fields or None,
    )
    try:
        # Some clients append a line end, which belongs to no value.
        return MultiDict(parse_urlencoded(body.rstrip(), charset=charset, limits=limits))
    except MultipartError as error:
        raise form_answer(error) from error
