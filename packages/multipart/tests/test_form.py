"""``Form``: looking up its fields."""

import pytest

from treadle_multipart import Form, FormFile, MalformedError, SpoolPolicy, StreamedPart
from treadle_multipart._spool import Spool


def make_file(content: bytes) -> FormFile:
    spool = Spool(SpoolPolicy())
    spool.write(content)
    spool.file.seek(0)
    return FormFile("up", "../a.txt", "text/plain", (), spool)


def test_lookup() -> None:
    upload = make_file(b"abc")
    form = Form([("a", "1"), ("up", upload), ("a", "2"), ("raw", b"3")])
    assert (form["a"], form.get("a"), form.get("b"), form.get("b", "x")) == ("1", "1", None, "x")
    assert form.getall("a") == ["1", "2"]
    assert form.getall("b") == []
    assert list(form) == ["a", "up", "raw"]
    assert (len(form), "a" in form, "b" in form) == (4, True, False)
    assert form.items()[2] == ("a", "2")
    assert (form.text("a"), form.text("b", "x")) == ("1", "x")
    assert form.file("up") is upload
    assert form.files() == [upload]
    with pytest.raises(KeyError, match="b"):
        form["b"]


@pytest.mark.parametrize("name", ["up", "raw", "absent"])
def test_wanted_text(name: str) -> None:
    form = Form([("up", make_file(b"")), ("raw", b"3")])
    with pytest.raises(MalformedError, match=f"field '{name}' should be text but ") as caught:
        form.text(name)
    assert (caught.value.status, caught.value.field) == (400, name)


def test_wanted_a_file() -> None:
    with pytest.raises(MalformedError, match="field 'a' should be a file but is str"):
        Form([("a", "1")]).file("a")


def test_file() -> None:
    upload = make_file(b"abc")
    assert (upload.filename, upload.safe_filename) == ("../a.txt", "a.txt")
    assert (upload.size, upload.in_memory, upload.file.read(1)) == (3, True, b"a")
    assert upload.read() == upload.read() == b"abc"
    assert repr(upload) == "<FormFile 'up': '../a.txt', text/plain, 3 bytes>"


def test_closing() -> None:
    upload = make_file(b"abc")
    with Form([("up", upload)]) as form:
        assert not upload.file.closed
    assert upload.file.closed
    form.close()


def test_reprs() -> None:
    assert repr(Form([("a", "1")])) == "Form([('a', '1')])"
    part = StreamedPart("a", None, None, (), [], 3)  # type: ignore[arg-type]  # any repr does
    assert repr(part) == "<StreamedPart 'a': 3 bytes to []>"
