"""Forms: the body of a request as fields, read by `weft_multipart`.

That package is imported with the first form: a server without forms starts without it.
"""

from multidict import MultiDict

from weft_responses import (
    HTTPBadRequest,
    HTTPException,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
)

__all__ = ["parse_urlencoded_form"]


def parse_urlencoded_form(
    body: bytes, charset: str, max_fields: int, max_size: int
) -> MultiDict[str]:
    """Return the fields of an ``application/x-www-form-urlencoded`` body, blank values included.

    ``max_fields`` of 0 means no limit; ``max_size`` is the limit that the body itself has passed.
    Raises ``HTTPRequestEntityTooLarge`` for more fields, ``HTTPUnsupportedMediaType`` for an
    unknown charset and ``HTTPBadRequest`` for bytes that are not of it.
    """
    from weft_multipart import MultipartError, MultipartLimits, parse_urlencoded

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
        raise _answer(error.status, str(error), max_size) from error


def _answer(status: int, sentence: str, max_size: int) -> HTTPException:
    text = f"{status}: {sentence}"
    if status == 413:
        return HTTPRequestEntityTooLarge(max_size, text=text)
    if status == 415:
        return HTTPUnsupportedMediaType(text=text)
    return HTTPBadRequest(text=text)
