"""The programs in ``examples`` do what they say, also with clients that leave."""

import asyncio
import hashlib
import importlib.util
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from treadle_multipart import MalformedError, MultipartBody, StreamedPart

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MIB = 1024 * 1024


def load(name: str) -> ModuleType:
    """Import an example by its path."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def form(*files: tuple[str, bytes]) -> MultipartBody:
    body = MultipartBody(boundary="x")
    body.add_field("title", "B\xe4ren")
    for name, data in files:
        body.add_file(name, data, filename=f"../../{name}.bin")
    return body


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_imports_the_package(path: Path) -> None:
    source = path.read_text("utf-8")
    assert 30 <= len(source.splitlines()) <= 60
    # No name that a user could not have.
    assert re.search(r"treadle_multipart\._|import \*", source) is None


def call_wsgi(app: Any, body: MultipartBody, data: bytes) -> tuple[str, str]:
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ |= {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": "",
        "CONTENT_TYPE": body.content_type,
        "CONTENT_LENGTH": str(len(b"".join(body))),
        "wsgi.input": io.BytesIO(data),
    }
    statuses: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        statuses.append(status)
        return lambda data: None

    answer = validator(app)(environ, start_response)
    text = b"".join(answer).decode()
    answer.close()  # type: ignore[attr-defined]  # the validator's has it
    return statuses[0], text


def test_wsgi(tmp_path: Path) -> None:
    app = load("upload_wsgi").make_app(tmp_path)
    body = form(("one", b"1" * 100_000), ("two", b"2"))
    data = b"".join(body)
    status, text = call_wsgi(app, body, data)
    assert status == "200 OK"
    assert text.splitlines()[0] == "title: 'B\xe4ren'"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.bin", "two.bin"]
    assert (tmp_path / "one.bin").read_bytes() == b"1" * 100_000
    for path in tmp_path.iterdir():
        path.unlink()
    for end in (500, len(data) - 1):
        status, text = call_wsgi(app, body, data[:end])
        assert (status, "client left" in text) == ("400 Refused", True)
        assert list(tmp_path.iterdir()) == []


def ask(app: Any, body: MultipartBody, pieces: list[bytes], *, leaves: bool) -> Any:
    """Return the messages of an ASGI application."""
    messages: list[dict[str, Any]] = []
    left = list(pieces)

    async def receive() -> Mapping[str, Any]:
        if left:
            piece = left.pop(0)
            return {"type": "http.request", "body": piece, "more_body": leaves or bool(left)}
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"", "http_version": "1.1",
        "headers": [(b"content-type", body.content_type.encode())],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return messages


def test_starlette() -> None:
    app = load("upload_starlette").app
    body = form(("file", b"a\nb\n"))
    data = b"".join(body)
    start, answer = ask(app, body, [data[:90], data[90:]], leaves=False)
    assert start["status"] == 200
    assert answer["body"].decode() == '{"title":"B\xe4ren","file":{"bytes":4,"lines":2}}'
    start, answer = ask(app, body, [data[:90]], leaves=True)
    assert (start["status"], b"client left" in answer["body"]) == (400, True)


class FakeStore:
    """An object store in memory, with the rules of S3."""

    def __init__(self, fail: str = "") -> None:
        self.fail = fail
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, list[bytes]] = {}
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.fail:
            raise OSError(name)

    def create(self, key: str) -> str:
        self._call("create")
        upload = f"upload {len(self.calls)} of {key}"
        self.uploads[upload] = []
        return upload

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> str:
        self._call("put")
        parts = self.uploads[upload]
        assert number == len(parts) + 1
        parts.append(data)
        return hashlib.md5(data).hexdigest()

    def complete(self, key: str, upload: str, tags: list[str]) -> None:
        self._call("complete")
        parts = self.uploads.pop(upload)
        assert tags == [hashlib.md5(part).hexdigest() for part in parts]
        assert all(len(part) >= 5 * MIB for part in parts[:-1]), "EntityTooSmall"
        self.objects[key] = b"".join(parts)

    def abort(self, key: str, upload: str) -> None:
        self._call("abort")
        del self.uploads[upload]


@pytest.mark.parametrize(
    ("size", "parts"), [(0, 1), (1, 1), (5 * MIB, 1), (5 * MIB + 1, 2), (12 * MIB, 3)]
)
def test_object_store(size: int, parts: int) -> None:
    store = FakeStore()
    body = form(("a", b"x" * size))
    stored = load("upload_object_store").receive(
        store, "in", body.content_type, io.BytesIO(b"".join(body))
    )
    assert store.objects == {"in/a": b"x" * size}
    assert store.calls == ["create", *["put"] * parts, "complete"]
    assert isinstance(stored["a"], StreamedPart)
    assert stored["a"].size == size


@pytest.mark.parametrize(
    ("fail", "end", "error", "objects"),
    [
        ("", 100, MalformedError, []),
        ("", 6 * MIB, MalformedError, []),
        ("", -5, MalformedError, []),
        ("put", None, OSError, []),
        ("complete", None, OSError, []),
    ],
)
def test_object_store_that_is_left_with_nothing(
    fail: str, end: int | None, error: type[Exception], objects: list[str]
) -> None:
    store = FakeStore(fail)
    body = form(("a", b"x" * 6 * MIB), ("b", b"y"))
    data = b"".join(body)[:end]
    with pytest.raises(error):
        load("upload_object_store").receive(store, "in", body.content_type, io.BytesIO(data))
    assert store.uploads == {}
    assert list(store.objects) == objects
    assert store.calls.count("abort") == store.calls.count("create")


def test_hashing(tmp_path: Path) -> None:
    receive: Callable[..., Any] = load("upload_hashing").receive
    body = form(("a", b"same"), ("b", b"same"), ("c", b""))
    data = b"".join(body)
    same, empty = (hashlib.sha256(content).hexdigest() for content in (b"same", b""))
    found = receive(body.content_type, io.BytesIO(data), tmp_path)
    assert found == [("a", same), ("b", same), ("c", empty)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([same, empty])
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(MalformedError):
        receive(body.content_type, io.BytesIO(data[:-5]), tmp_path)
    assert list(tmp_path.iterdir()) == []
