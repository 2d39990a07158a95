"""The names that users may import, pinned."""

import re

import treadle_multipart
from testkit import check_public_api

PUBLIC = set(
    re.findall(
        r"\w+",
        """
        COMMON_LENIENCIES BadContentDispositionHeader BadContentDispositionParam
        End Event Form FormFile
        FormParser FormValue HeaderTooLargeError Headers Leniency LimitError
        MalformedError MemoryLimitError MultipartBody MultipartEncoder MultipartError
        MultipartLimits MultipartParser NameTooLongError NestedTooDeepError Offload Pair
        PartBegin PartData PartDecoder PartEnd PartScanner PartTooLargeError Readable
        SpoolPolicy StreamedPart Target TargetFor TooManyFieldsError TooManyFilesError
        TooManyHeadersError TooManyPartsError TotalTooLargeError UndecodableTextError
        UnknownCharsetError UnknownCodingError UnsupportedError
        UrlencodedParser UsageError __version__ aiter_events boundary_of
        content_disposition_filename iter_events parse_asgi_form
        parse_content_disposition parse_form parse_form_async parse_options_header
        parse_urlencoded parse_wsgi_form quote_name safe_filename text_codec
        """,
    )
)


def test_public_api() -> None:
    # A limit says in a sentence what it limits; its class needs no docstring.
    check_public_api(treadle_multipart, PUBLIC, inherits=(treadle_multipart.LimitError,))


def test_every_limit_says_what_it_limits() -> None:
    errors = [getattr(treadle_multipart, name) for name in PUBLIC]
    base = treadle_multipart.LimitError
    limits = [value for value in errors if isinstance(value, type) and issubclass(value, base)]
    assert len(limits) > 5
    assert all(value.what or value is base for value in limits)
