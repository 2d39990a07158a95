"""The names that users may import, pinned."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

import treadle_multipart

PUBLIC = set(
    re.findall(
        r"\w+",
        """
        BadContentDispositionHeader BadContentDispositionParam End Event Form FormFile
        FormParser FormValue HeaderTooLargeError Headers Leniency LimitError
        MalformedError MemoryLimitError MultipartBody MultipartEncoder MultipartError
        MultipartLimits MultipartParser NameTooLongError NestedTooDeepError Offload Pair
        PartBegin PartData PartDecoder PartEnd PartTooLargeError Readable SpoolPolicy
        StreamedPart Target TargetFor TooManyFieldsError TooManyFilesError
        TooManyHeadersError TooManyPartsError TotalTooLargeError UnsupportedError
        UrlencodedParser UsageError __version__ aiter_events boundary_of
        content_disposition_filename iter_events parse_asgi_form
        parse_content_disposition parse_form parse_form_async parse_options_header
        parse_urlencoded parse_wsgi_form quote_name safe_filename text_codec
        """,
    )
)

MODULES = [
    name for _, name, _ in pkgutil.iter_modules(treadle_multipart.__path__) if name != "_version"
]


def test_all_is_pinned() -> None:
    assert len(treadle_multipart.__all__) == len(PUBLIC)
    assert set(treadle_multipart.__all__) == PUBLIC
    for name in PUBLIC:
        assert hasattr(treadle_multipart, name)


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    module = importlib.import_module(f"treadle_multipart.{name}")
    assert module.__doc__
    assert len(module.__all__) == len(set(module.__all__))
    for public in module.__all__:
        assert hasattr(module, public)


@pytest.mark.parametrize("name", ["", *MODULES])
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"treadle_multipart.{name}".rstrip("."))
    assert doctest.testmod(module).failed == 0


def test_everything_public_has_a_docstring() -> None:
    for name in PUBLIC:
        value = getattr(treadle_multipart, name)
        if isinstance(value, type) and issubclass(value, treadle_multipart.LimitError):
            assert value.what or value is treadle_multipart.LimitError
        elif inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name
