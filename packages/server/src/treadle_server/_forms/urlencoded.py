"""Read an urlencoded body with ``treadle_multipart``.

That package is imported with the first form: a server without forms starts without it.
"""

from multidict import MultiDict

__all__ = ["parse_urlencoded_form"]


def parse_urlencoded_form(body: bytes, charset: str, max_fields: int) -> MultiDict[str]:
    """Return the fields of an ``application/x-www-form-urlencoded`` body, blank values included.

    ``max_fields`` of 0 means no limit. Raises ``HTTPRequestEntityTooLarge`` for more fields,
    ``HTTPUnsupportedMediaType`` for an unknown charset and ``HTTPBadRequest`` for bytes outside the
    charset.
    """
    from treadle_multipart import MultipartError, parse_urlencoded

    from .errors import form_answer
    from .limits import urlencoded_limits

    limits = urlencoded_limits(max_fields)
    try:
        # Some clients append a line end, which is not part of the last value.
        return MultiDict(parse_urlencoded(body.rstrip(), charset=charset, limits=limits))
    except MultipartError as error:
        raise form_answer(error) from error
