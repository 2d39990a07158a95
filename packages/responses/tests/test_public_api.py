"""The names that users may import, pinned."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import treadle_responses

PUBLIC = set(
    re.findall(
        r"\w+",
        """
        AppKey Body ETag KeyedState LooseHeaders RequestInfo RequestKey Response ResponseKey
        ResponseWriter StateKey StreamResponse __version__ html_response json_bytes_response
        json_response

        AsyncIterablePayload BufferedReaderPayload BytesIOPayload BytesPayload IOBasePayload
        JsonBytesPayload JsonPayload Order PAYLOAD_REGISTRY Payload PayloadLookupError
        PayloadRegistry StringIOPayload StringPayload TextIOPayload get_payload payload_type
        register_payload run_blocking

        ByteRange CODING_SUFFIXES ContentCoding ErrorPage FileFacts FilePlan Segment Verdict
        acceptable_codings add_vary content_disposition_header content_range error_page evaluate
        guess_content_type if_range_holds is_compressed_type parse_etags parse_range plan_file
        """,
    )
)

MODULES = [
    name for _, name, _ in pkgutil.iter_modules(treadle_responses.__path__) if name != "_version"
]
PACKAGE = Path(treadle_responses.__file__).parent
ALLOWED_IMPORTS = {
    "abc", "collections", "concurrent", "dataclasses", "datetime", "enum", "functools", "html",
    "http", "importlib", "io", "json", "math", "multidict", "re", "os", "sys", "types",
    "typing", "urllib", "yarl", "zlib",
}  # fmt: skip


def test_all_is_pinned() -> None:
    # The exceptions are pinned by ``test_exceptions``.
    listed = [name for name in treadle_responses.__all__ if not name.startswith("HTTP")]
    assert sorted(listed) == sorted(PUBLIC)
    for name in treadle_responses.__all__:
        assert hasattr(treadle_responses, name)


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    module = importlib.import_module(f"treadle_responses.{name}")
    assert module.__doc__
    assert len(module.__all__) == len(set(module.__all__))
    for public in module.__all__:
        assert hasattr(module, public)


@pytest.mark.parametrize("name", ["", *MODULES])
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(f"treadle_responses.{name}".rstrip("."))
    assert doctest.testmod(module).failed == 0


def test_everything_public_has_a_docstring() -> None:
    for name in treadle_responses.__all__:
        value = getattr(treadle_responses, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name


@pytest.mark.parametrize("name", ["__init__", *MODULES])
def test_no_io_and_no_other_package(name: str) -> None:
    tree = ast.parse((PACKAGE / f"{name}.py").read_text("utf-8"))
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
    }
    assert imported <= ALLOWED_IMPORTS


@pytest.mark.parametrize("name", [*MODULES])
def test_every_module_has_tests(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name.lstrip('_')}.py").is_file()
