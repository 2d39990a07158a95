"""Forms from bytes: typing of fields, spooling, targets, memory, clean-up."""

import hashlib
from collections.abc import Awaitable
from pathlib import Path

import pytest

from treadle_multipart import (
    FormFile,
    FormParser,
    MalformedError,
    MemoryLimitError,
    MultipartEncoder,
    MultipartError,
    MultipartLimits,
    PartBegin,
    PartTooLargeError,
    SpoolPolicy,
    StreamedPart,
    Target,
    UnsupportedError,
    UsageError,
)

TYPE = "multipart/form-data; boundary=x"


def part(head: str, data: bytes = b"v") -> bytes:
    return f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n"


def parsed(
    body: bytes,
    *,
    limits: MultipartLimits = MultipartLimits(),  # noqa: B008
    strict: bool = True,
    spool: SpoolPolicy = SpoolPolicy(),  # noqa: B008
) -> list[tuple[str, object]]:
    parser = FormParser(TYPE, limits=limits, strict=strict, spool=spool)
    parser.receive_data(body + b"--x--\r\n")
    with parser.receive_eof() as form:
        return [(k, v.read() if isinstance(v, FormFile) else v) for k, v in form.items()]


VALUES: list[tuple[str, bytes, object]] = [
    ('name="a"', b"v", "v"),
    ('name="a"', b"", ""),
    ('name="a"\r\nContent-Type: text/html', b"v", "v"),
    ('name="a"\r\nContent-Type: application/json', b"{}", b"{}"),
    ('name="a"; filename=""\r\nContent-Type: application/octet-stream', b"", b""),
    ('name="a"; filename="f"', b"\xff", b"\xff"),
    ('name="a"', b"\xc3\xa4", "\xe4"),
    ('name="a"\r\nContent-Type: text/plain; charset=latin-1', b"\xe4", "\xe4"),
    ('name="a"\r\nContent-Transfer-Encoding: base64', b"w6Q=", "\xe4"),
    ('name="a"; filename="f"\r\nContent-Transfer-Encoding: base64', b"w6Q=", b"\xc3\xa4"),
    ('name="a"; filename="f.mht"\r\nContent-Type: multipart/related', b"MHT", b"MHT"),
]


@pytest.mark.parametrize(("head", "data", "value"), VALUES)
def test_values(head: str, data: bytes, value: object) -> None:
    assert parsed(part(head, data)) == [("a", value)]


def test_charset_field_applies_to_the_fields_behind_it() -> None:
    a = part('name="a"', b"\xe4")
    body = part('name="_charset_"', b"iso-8859-1")
    assert parsed(body + a) == [("_charset_", "iso-8859-1"), ("a", "\xe4")]
    with pytest.raises(MalformedError, match="field 'a' is not utf-8"):
        parsed(a + body)
    assert parsed(a, strict=False) == [("a", "\ufffd")]


BAD: list[tuple[bytes, int]] = [
    (b"--x\r\n\r\nv\r\n", 400),
    (b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n", 400),
    (b"--x\r\nContent-Disposition: attachment; name=a\r\n\r\nv\r\n", 400),
    (part('name="a"\r\nContent-Type: multipart/mixed; boundary=y'), 400),
    (part('name="a"\r\nContent-Type: text/plain; charset=nope'), 415),
    (part('name="a"\r\nContent-Transfer-Encoding: x-uue'), 415),
    (part('name="a"\r\nContent-Transfer-Encoding: base64', b"?"[:0] + b"A"), 400),
    (part('name="a"', b"\xff"), 400),
    (part('name="_charset_"', b"rot13"), 415),
]


@pytest.mark.parametrize(("body", "status"), BAD)
def test_bad_parts(body: bytes, status: int) -> None:
    with pytest.raises(MultipartError) as caught:
        parsed(body)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("", 400), ("text/plain", 415), ("multipart/mixed; boundary=x", 415),
     ("multipart/form-data", 400), ("application/x-www-form-urlencoded; charset=nope", 415)],
)  # fmt: skip
def test_content_types_that_are_no_form(content_type: str, status: int) -> None:
    with pytest.raises(MultipartError) as caught:
        FormParser(content_type)
    assert caught.value.status == status
    assert issubclass(UnsupportedError, MultipartError)


def test_urlencoded() -> None:
    parser = FormParser("Application/X-WWW-Form-Urlencoded; charset=latin-1")
    parser.receive_data(b"a=%E4&b")
    assert parser.receive_eof().items() == (("a", "\xe4"), ("b", ""))
    parser = FormParser("application/x-www-form-urlencoded", strict=False)
    parser.receive_data(b"a=%E4")
    assert parser.receive_eof().text("a") == "\ufffd"
    assert parser.tolerated == {"undecodable-text"}


def test_spooling(tmp_path: Path) -> None:
    parser = FormParser(TYPE, spool=SpoolPolicy(threshold=10, directory=tmp_path))
    assert not parser.would_block(10)
    assert parser.would_block(11)
    parser.receive_data(part('name="a"; filename="small"', b"s" * 10))
    assert parser.would_block(1)
    parser.receive_data(part('name="b"; filename="big"', b"b" * 11)[:-4])
    assert not parser.would_block(1)
    assert parser.would_block(2)
    parser.receive_data(b"bb\r\n--x--")
    form = parser.receive_eof()
    parser.close()
    small, big = form.files()
    assert (small.in_memory, small.read()) == (True, b"s" * 10)
    assert (big.in_memory, big.size, big.file.tell(), big.read()) == (False, 11, 0, b"b" * 11)
    form.close()
    assert big.file.closed
    assert list(tmp_path.iterdir()) == []


def test_memory_is_shared_by_text_and_files() -> None:
    limits = MultipartLimits(max_memory=50)
    files = b"".join(part(f'name="f"; filename="{n}"', b"x" * 20) for n in range(5))
    parser = FormParser(TYPE, limits=limits)
    parser.receive_data(files + part('name="t"', b"y" * 40) + b"--x--")
    with parser.receive_eof() as form:
        assert [file.read() for file in form.files()] == [b"x" * 20] * 5
        assert sum(file.size for file in form.files() if file.in_memory) + 46 <= 50
        assert form.text("t") == "y" * 40
    parser = FormParser(TYPE, limits=limits)
    with pytest.raises(MemoryLimitError) as caught:
        parser.receive_data(part('name="t"', b"y" * 50))
    assert caught.value.field == "t"


def test_files_together_are_bounded_besides(tmp_path: Path) -> None:
    spool = SpoolPolicy(threshold=100, memory=250, directory=tmp_path)
    parser = FormParser(TYPE, spool=spool)
    for number in range(4):
        parser.receive_data(part(f'name="{number}"; filename="f"', b"x" * 100))
    # Text is not part of it.
    parser.receive_data(part('name="text"', b"x" * 1000) + b"--x--\r\n")
    with parser.receive_eof() as form:
        assert [file.in_memory for file in form.files()] == [True, True, False, False]
        assert [file.read() for file in form.files()] == [b"x" * 100] * 4


def test_would_block_comes_true(tmp_path: Path) -> None:
    parser = FormParser(TYPE, spool=SpoolPolicy(threshold=100, memory=250, directory=tmp_path))
    assert not parser.would_block(100)
    assert parser.would_block(101)
    parser.receive_data(part('name="a"; filename="f"', b"x" * 100)[:-2])
    assert not parser.would_block(0)
    assert parser.would_block(1)
    parser.receive_data(b"\r\n" + part('name="b"; filename="f"', b"x" * 100))
    parser.receive_data(part('name="text"'))
    # Both are in memory, which has room for fifty more.
    assert not parser.would_block(50)
    assert parser.would_block(51)
    parser.receive_data(part('name="c"; filename="f"', b"x" * 60))
    # A file is on disk, and closing it may take long.
    assert parser.would_block(0)
    parser.close()
    assert not parser.would_block(0)


def test_part_size_is_counted_decoded_and_encoded() -> None:
    limits = MultipartLimits(max_part_size=8)
    head = 'name="a"; filename="f"\r\nContent-Transfer-Encoding: base64'
    assert parsed(part(head, b"YWJjZGVm"), limits=limits) == [("a", b"abcdef")]
    with pytest.raises(PartTooLargeError):
        parsed(part(head, b"YWJjZGVmZ2hp"), limits=limits)


def finish(parser: FormParser, data: bytes) -> None:
    parser.receive_data(data)
    parser.receive_eof()


def test_errors_close_open_files(tmp_path: Path) -> None:
    spool = SpoolPolicy(threshold=0, directory=tmp_path)
    for end in (b"--x\r\nbroken\r\n\r\n", b""):
        parser = FormParser(TYPE, spool=spool)
        parser.receive_data(part('name="a"; filename="f"', b"data")[:-2])
        sink = parser._sink
        with pytest.raises(MalformedError):
            finish(parser, b"\r\n" + end)
        assert getattr(sink, "file").closed  # noqa: B009  # private, on purpose
    parser = FormParser(TYPE, spool=spool)
    parser.receive_data(part('name="a"; filename="f"', b"data"))
    parser.close()
    parser.close()
    assert list(tmp_path.iterdir()) == []


class Hash:
    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        self.hash.update(data)


def test_targets() -> None:
    asked: list[str | None] = []

    def target_for(begin: PartBegin) -> Target | None:
        asked.append(begin.filename)
        return Hash() if begin.name == "up" else None

    parser = FormParser(TYPE, target_for=target_for)
    assert parser.would_block(1)
    parser.receive_data(part('name="a"') + part('name="up"; filename="f"', b"data") + b"--x--")
    form = parser.receive_eof()
    assert asked == [None, "f"]
    streamed = form["up"]
    assert isinstance(streamed, StreamedPart)
    assert isinstance(streamed.target, Hash)
    assert streamed.target.hash.digest() == hashlib.sha256(b"data").digest()
    assert (streamed.name, streamed.filename, streamed.size) == ("up", "f", 4)
    assert form.text("a") == "v"


def test_a_coroutine_is_no_target() -> None:
    class Later:
        def __await__(self) -> object:
            raise NotImplementedError

    class Asynchronous:
        def write(self, data: bytes, /) -> object:
            return Later()

    parser = FormParser(TYPE, target_for=lambda part: Asynchronous())
    with pytest.raises(UsageError, match=r"Asynchronous\.write is a coroutine"):
        parser.receive_data(part('name="a"'))
    assert not isinstance(Asynchronous(), Awaitable)


def test_lenient_forms_tell() -> None:
    parser = FormParser(TYPE, strict=False)
    parser.receive_data(part('name="a"', b"\xff")[:-2])
    assert parser.receive_eof().text("a") == "\ufffd"
    assert parser.tolerated == {"undecodable-text", "missing-final-boundary"}


def test_encoder_and_parser_mirror_each_other() -> None:
    encoder = MultipartEncoder()
    parser = FormParser(encoder.content_type)
    for piece in (
        encoder.begin_field("a"), encoder.data(b"1"), encoder.end_part(),
        encoder.begin_field("b", filename="f", content_type="a/b"), encoder.end_part(),
        encoder.end(),
    ):  # fmt: skip
        parser.receive_data(piece)
    with parser.receive_eof() as form:
        assert form.text("a") == "1"
        assert (form.file("b").content_type, form.file("b").size) == ("a/b", 0)
