"""The names that users may import, pinned."""

import ast
import inspect
import re
from types import FunctionType

import treadle_multipart
from testkit import check_public_api
from treadle_multipart import _errors

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
        Spool SpoolPolicy StreamedPart Target TargetFor TooManyFieldsError TooManyFilesError
        TooManyHeadersError TooManyPartsError TotalTooLargeError UndecodableTextError
        UnknownCharsetError UnknownCodingError UnsupportedError UploadTarget
        UrlencodedParser UsageError __version__ aiter_events boundary_of
        content_disposition_filename iter_events parse_asgi_form
        parse_content_disposition parse_form parse_form_async parse_options_header
        parse_urlencoded parse_wsgi_form quote_name safe_filename text_codec
        """,
    )
)


def test_public_api() -> None:
    check_public_api(treadle_multipart, PUBLIC)


def test_every_member_is_documented() -> None:
    values = [getattr(treadle_multipart, name) for name in PUBLIC]
    classes = [value for value in values if isinstance(value, type)]
    members = {
        f"{cls.__name__}.{name}": member
        for cls in classes
        for name, member in vars(cls).items()
        if not name.startswith("_") and isinstance(member, FunctionType | property | classmethod)
    }
    assert len(members) > 50
    assert [name for name, member in members.items() if not inspect.getdoc(member)] == []


def test_every_attribute_of_the_errors_is_documented() -> None:
    source = inspect.getsource(_errors)
    lines = source.splitlines()
    attributes = [
        (cls, statement)
        for cls in ast.walk(ast.parse(source))
        if isinstance(cls, ast.ClassDef) and ast.get_docstring(cls)
        for statement in cls.body
        if isinstance(statement, ast.AnnAssign)
    ]
    assert len(attributes) > 8
    for cls, statement in attributes:
        assert lines[statement.lineno - 2].startswith("    #: "), (cls.name, statement.lineno)


def test_every_limit_says_what_it_limits() -> None:
    errors = [getattr(treadle_multipart, name) for name in PUBLIC]
    base = treadle_multipart.LimitError
    limits = [value for value in errors if isinstance(value, type) and issubclass(value, base)]
    assert len(limits) > 5
    assert all(value.what or value is base for value in limits)
