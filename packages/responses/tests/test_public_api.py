"""The names that users may import, pinned."""

import ast
import pkgutil
import re
from pathlib import Path
from typing import Protocol

import pytest

import treadle_responses
from testkit import check_public_api

PUBLIC = set(
    re.findall(
        r"\w+",
        """
        ASGIReceive ASGIRequest ASGIScope ASGISend IteratorPayload Offload OpenFileResponse
        ServerSentEvent StartResponse WSGIEnviron WholeFileSender apply_plan
        asgi_fields asgi_lines

        AppKey Body ETag KeyedState LooseHeaders NotAppKeyWarning RequestInfo RequestKey Response
        ResponseKey ResponseWriter StateKey StreamResponse UnknownKeyError __version__ html_response
        json_bytes_response json_response

        AsyncIterablePayload BufferedReaderPayload BytesIOPayload BytesPayload IOBasePayload
        JsonBytesPayload JsonPayload Order PAYLOAD_REGISTRY Payload PayloadLookupError
        PayloadRegistry StringIOPayload StringPayload TOO_LARGE_BYTES_BODY TextIOPayload get_payload
        payload_type
        register_payload run_blocking set_zlib_backend

        ByteRange CODING_SUFFIXES ContentCoding ErrorPage FileFacts FilePlan Segment Verdict
        ZlibBackend acceptable_codings add_vary content_disposition_header content_range error_page
        evaluate
        guess_content_type if_range_holds is_compressed_type parse_etags parse_range plan_file
        """,
    )
)

MODULES = [
    name for _, name, _ in pkgutil.iter_modules(treadle_responses.__path__) if name != "_version"
]
PACKAGE = Path(treadle_responses.__file__).parent
ALLOWED_IMPORTS = {
    "abc", "collections", "concurrent", "dataclasses", "datetime", "difflib", "enum", "functools",
    "html", "http", "importlib", "inspect", "io", "json", "math", "multidict",
    "operator", "os", "re", "sys", "types", "typing", "urllib", "warnings", "yarl", "zlib",
}  # fmt: skip


def test_public_api() -> None:
    # The exceptions are pinned by ``test_exceptions``.
    exceptions = {name for name in treadle_responses.__all__ if name.startswith("HTTP")}
    check_public_api(treadle_responses, PUBLIC | exceptions)


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
    # Servers compress the pieces of one body in several threads.
    lock = {"threading"} if name == "_encoder" else set()
    assert imported <= ALLOWED_IMPORTS | lock


def test_protocols_have_no_private_names() -> None:
    """A protocol that users implement must not ask for a name that looks like ours alone."""
    exported = [getattr(treadle_responses, name) for name in treadle_responses.__all__]
    protocols = [
        base
        for value in exported
        if isinstance(value, type)
        for base in value.__mro__
        if getattr(base, "_is_protocol", False) and base is not Protocol
    ]
    assert {protocol.__name__ for protocol in protocols} >= {
        "ResponseWriter", "RequestInfo", "RequestFor", "WholeFileSender", "Offload", "ZlibBackend",
    }  # fmt: skip
    for protocol in protocols:
        members = [name for name, value in vars(protocol).items() if callable(value)]
        members += [name for name, value in vars(protocol).items() if isinstance(value, property)]
        members += vars(protocol).get("__annotations__", {})
        members += [str(parameter) for parameter in getattr(protocol, "__parameters__", ())]
        private = [name for name in members if name.lstrip("+-~").startswith("_")]
        assert [name for name in private if not name.endswith("__")] == [
            name for name in private if name in ("_no_init_or_replace_init", "_proto_hook")
        ], protocol
