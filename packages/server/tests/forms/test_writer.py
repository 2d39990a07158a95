"""``MultipartWriter``: what it writes, its size, and that readers read it back."""

import io
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testkit import Run, each_loop, run_on, serve
from treadle_multipart import BadContentDispositionHeader
from treadle_responses import BytesPayload, Response, StringPayload
from treadle_server import (
    Application,
    BodyPartReader,
    MultipartReader,
    MultipartWriter,
    Request,
)


async def one(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def parts_of(writer: MultipartWriter) -> list[tuple[dict[str, str], bytes]]:
    """Write it, and read it again."""
    reader = MultipartReader(writer.headers, one(await writer.as_bytes()))
    found = []
    async for part in reader:
        assert isinstance(part, BodyPartReader)
        found.append((dict(part.headers), await part.read(decode=True)))
    return found


class FileLike(io.BytesIO):
    """Has no size, and tells whether it was closed."""

    def seekable(self) -> bool:
        return False


def test_written_bytes(run: Run) -> None:
    async def main() -> None:
        writer = MultipartWriter("mixed", boundary="b")
        assert (writer.boundary, writer.content_type) == ("b", "multipart/mixed; boundary=b")
        assert (len(writer), bool(writer), writer.size) == (0, True, 7)
        assert await writer.as_bytes() == b"--b--\r\n"
        writer.append("text")
        writer.append(b"bytes", {"X-Test": "1"})
        writer.append_json({"a": [1]})
        writer.append_form({"a": "1 2", "b": ["x", "y"]})
        writer.append_form([("a", "&")])
        expected = (
            b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\ntext\r\n"
            b"--b\r\nContent-Type: application/octet-stream\r\nX-Test: 1\r\n"
            b"Content-Length: 5\r\n\r\nbytes\r\n"
            b"--b\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"
            b'{"a": [1]}\r\n'
            b"--b\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 13\r\n\r\na=1+2&b=x&b=y\r\n"
            b"--b\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 5\r\n\r\na=%26\r\n"
            b"--b--\r\n"
        )
        assert await writer.as_bytes() == expected
        assert writer.size == len(expected)
        assert writer.decode() == expected.decode()
        assert [payload.size for payload, _, _ in writer] == [4, 5, 10, 13, 5]
        # Strings can be written again.
        assert not writer.consumed
        assert writer.autoclose
        assert await writer.as_bytes() == expected

    run(main())


def test_without_the_line_that_ends_it(run: Run) -> None:
    """Pictures are pushed one after the other as multipart/x-mixed-replace."""

    class Sink:
        data = b""

        async def write(self, data: bytes | bytearray | memoryview) -> None:
            self.data += data

    async def main() -> None:
        sink = Sink()
        for frame in (b"1", b"2"):
            with MultipartWriter("x-mixed-replace", boundary="frame") as writer:
                writer.append(frame, {"Content-Type": "image/jpeg"})
            await writer.write(sink, close_boundary=False)
        part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 1\r\n\r\n%d\r\n"
        assert sink.data == part % 1 + part % 2

    run(main())


def test_boundaries() -> None:
    assert MultipartWriter().boundary != MultipartWriter().boundary
    assert MultipartWriter(boundary="a b").content_type == 'multipart/mixed; boundary="a b"'
    assert MultipartWriter(boundary='a"\\').content_type == 'multipart/mixed; boundary="a\\"\\\\"'
    for bad in ("é", "a\n", "x" * 71, "a "):
        with pytest.raises(ValueError, match="boundary"):
            MultipartWriter(boundary=bad)
    with pytest.raises(ValueError, match="subtype"):
        MultipartWriter("a b")


# Forms.


def test_a_form(run: Run) -> None:
    async def main() -> None:
        writer = MultipartWriter("form-data", boundary="b")
        writer.append("1", {"Content-Disposition": 'form-data; name="a"'})
        payload = writer.append("2")
        assert payload.headers["Content-Disposition"] == 'form-data; name="section-1"'
        assert [head["Content-Disposition"] for head, _ in await parts_of(writer)] == [
            'form-data; name="a"',
            'form-data; name="section-1"',
        ]

    run(main())


@pytest.mark.parametrize(
    "field", ["Content-Encoding", "content-length", "Content-Transfer-Encoding"]
)
def test_a_form_has_no_codings(field: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 7578 section 4\.7"):
        MultipartWriter("form-data").append("x", {field: "1"})


# Codings.


@settings(deadline=None, max_examples=50)
@given(
    parts=st.lists(
        st.tuples(
            st.lists(st.binary(max_size=200) | st.sampled_from([b"\r\n", b" ", b"="]), max_size=4),
            st.sampled_from(["", "identity", "gzip", "deflate"]),
            st.sampled_from(["", "binary", "base64", "quoted-printable"]),
        ),
        max_size=3,
    )
)
def test_written_parts_can_be_read(parts: list[tuple[list[bytes], str, str]]) -> None:
    async def pieces(data: list[bytes]) -> AsyncIterator[bytes]:
        for piece in data:
            yield piece

    async def main() -> None:
        writer = MultipartWriter()
        for data, encoding, transfer in parts:
            headers = {"Content-Encoding": encoding, "Content-Transfer-Encoding": transfer}
            writer.append(pieces(data), {name: value for name, value in headers.items() if value})
        assert writer.size is (None if parts else writer.size)
        assert [data for _, data in await parts_of(writer)] == [b"".join(row[0]) for row in parts]

    run_on("asyncio")(main())


@pytest.mark.parametrize("transfer", ["base64", "quoted-printable"])
def test_a_mail_program_understands(run: Run, transfer: str) -> None:
    data = bytes(range(256)) * 3

    async def main() -> None:
        writer = MultipartWriter()
        writer.append(data, {"Content-Transfer-Encoding": transfer})
        body = await writer.as_bytes()
        assert max(map(len, body.split(b"\r\n"))) <= 76
        head = f"Content-Type: {writer.content_type}\r\n\r\n".encode()
        message = message_from_bytes(head + body, policy=HTTP)
        assert isinstance(message, EmailMessage)
        assert [part.get_payload(decode=True) for part in message.iter_parts()] == [data]

    run(main())


@pytest.mark.parametrize("field", ["Content-Encoding", "Content-Transfer-Encoding"])
def test_unknown_codings(field: str) -> None:
    with pytest.raises(RuntimeError, match=f"unknown {field.lower().replace('-', ' ')} 'br'"):
        MultipartWriter().append("x", {field: "br"})


# Refused parts.


def test_values_without_a_payload() -> None:
    with pytest.raises(TypeError, match="No payload is registered for int"):
        MultipartWriter().append(1)


@pytest.mark.parametrize("bad", ["a\rb", "a\nb", "a\0b", "a\r\nX-Injected: 1"])
def test_GHSA_m6qw_GHSA_2vrm_control_characters_in_part_headers(run: Run, bad: str) -> None:
    async def main() -> None:
        for name, value in (("X-Test", bad), (bad, "x")):
            writer = MultipartWriter()
            writer.append("x", {name: value})
            # Before anything is sent: a response asks for the size first.
            with pytest.raises(ValueError, match=r"control character|not a token"):
                _ = writer.size
            with pytest.raises(ValueError, match=r"control character|not a token"):
                await writer.as_bytes()

    run(main())


def test_the_boundary_inside_a_part(run: Run) -> None:
    async def main() -> None:
        for data in (b"a\r\n--b--\r\n", b"--b", b"\n--b \n"):
            writer = MultipartWriter(boundary="b")
            writer.append(data)
            with pytest.raises(ValueError, match="contains the boundary"):
                await writer.as_bytes()
        # A text about the boundary, and a nested body whose boundary starts with this one.
        writer = MultipartWriter(boundary="b")
        writer.append(b"use --b\r\n")
        nested = MultipartWriter(boundary="bb")
        nested.append("deep")
        writer.append(nested)
        reader = MultipartReader(writer.headers, one(await writer.as_bytes()))
        first, second = await reader.next(), await reader.next()
        assert isinstance(first, BodyPartReader)
        assert isinstance(second, MultipartReader)
        deep = await second.next()
        assert isinstance(deep, BodyPartReader)
        assert await deep.text() == "deep"

    run(main())


def test_given_headers_win() -> None:
    given = {"Content-Type": "a/b"}
    writer = MultipartWriter()
    for payload in (
        writer.append("x", given),
        writer.append(StringPayload("x"), given),
        writer.append_json({}, given),
        writer.append_form({"a": "b"}, given),
    ):
        assert payload.content_type == "a/b"


def test_a_payload_of_another_package(run: Run) -> None:
    async def main() -> None:
        writer = MultipartWriter()
        theirs = aiohttp.payload.StringPayload("theirs")
        payload = writer.append(theirs, {"Content-Type": "a/b", "X-Own": "1"})
        assert (payload.content_type, payload.headers["X-Own"]) == ("a/b", "1")
        assert [data for _, data in await parts_of(writer)] == [b"theirs"]

    run(main())


def test_a_file_in_a_form_is_form_data(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "caf\xe9.txt"
    path.write_bytes(b"content")

    async def main() -> None:
        writer = MultipartWriter("form-data", boundary="b")
        with path.open("rb") as file:
            writer.append(file)
            writer.append(BytesPayload(b"1", {"Content-Disposition": "attachment; name=a"}))
            assert [head["Content-Disposition"] for head, _ in await parts_of(writer)] == [
                'form-data; name="section-0"; filename="caf\xe9.txt"',
                'form-data; name="a"',
            ]
            # A header of the application stays if it cannot be read, or if it comes with the part.
            with pytest.warns(BadContentDispositionHeader):
                payload = writer.append_payload(
                    BytesPayload(b"2", {"Content-Disposition": "no; header"})
                )
            assert payload.headers["Content-Disposition"] == "no; header"
            given = {"content-disposition": 'attachments; filename="a"'}
            for value in (b"3", BytesPayload(b"3"), file):
                payload = writer.append(value, given)
                assert payload.headers["Content-Disposition"] == 'attachments; filename="a"'

    run(main())


# Files, and nested writers.


def test_files_are_closed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"content")

    async def main() -> None:
        for closes in (True, False):
            writer = MultipartWriter()
            with path.open("rb") as file:
                payload = writer.append(file)
                assert payload.headers["Content-Disposition"] == 'attachment; filename="a.txt"'
                assert not writer.autoclose
                assert writer.size is not None
                # It can be written again until it is closed.
                assert await writer.as_bytes() == await writer.as_bytes()
                assert not writer.consumed
                if closes:
                    await writer.close()
                else:
                    writer.close_now()
                assert file.closed
        writer = MultipartWriter()
        file = path.open("rb")
        writer.append(file)
        writer.close_now()
        assert file.closed

    run(main())


class Failing(StringPayload):
    """Cannot be closed."""

    async def close(self) -> None:
        self.close_now()

    def close_now(self) -> None:
        raise OSError("cannot be closed")


def test_all_parts_are_closed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"content")

    async def main() -> None:
        for asynchronous in (True, False):
            writer = MultipartWriter()
            files = [path.open("rb"), path.open("rb")]
            writer.append(files[0])
            writer.append(Failing("x"))
            writer.append(files[1])
            with pytest.raises(OSError, match="cannot be closed"):
                await writer.close() if asynchronous else writer.close_now()
            assert all(file.closed for file in files)

    run(main())


def test_a_stream_is_written_once(run: Run) -> None:
    async def main() -> None:
        writer = MultipartWriter()
        writer.append(one(b"x"))
        assert writer.size is None
        with pytest.raises(TypeError, match="stream"):
            writer.decode()
        await writer.as_bytes()
        assert writer.consumed
        with pytest.raises(RuntimeError, match="written before"):
            await writer.as_bytes()

    run(main())


def test_nested(run: Run) -> None:
    async def main() -> None:
        outer, inner = MultipartWriter(), MultipartWriter("related")
        inner.append("deep")
        outer.append(inner)
        outer.append_payload(BytesPayload(b"flat"))
        body = await outer.as_bytes()
        assert len(body) == outer.size
        reader = MultipartReader(outer.headers, one(body))
        nested = await reader.next()
        assert isinstance(nested, MultipartReader)
        deep = await nested.next()
        assert isinstance(deep, BodyPartReader)
        assert await deep.text() == "deep"

    run(main())


# As a response.


@each_loop
def test_a_response(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(1 << 20))

    async def handler(request: Request) -> Response:
        writer = MultipartWriter("mixed")
        writer.append("first")
        writer.append(path.open("rb"))
        if request.query_string == "stream":
            writer.append(one(b"last"))
        writer.append(StringPayload("end"))
        return Response(body=writer)

    async def main() -> None:
        app = Application()
        app.router.add_get("/", handler)
        async with serve(app) as connect:
            host = (await connect()).writer.get_extra_info("peername")
            url = f"http://{host[0]}:{host[1]}/"
            async with aiohttp.ClientSession() as session:
                async with session.get(url) as answer:
                    assert answer.content_length is not None
                    assert await read(answer) == [5, 1 << 20, 3]
                async with session.get(url + "?stream") as answer:
                    assert answer.content_length is None
                    assert await read(answer) == [5, 1 << 20, 4, 3]

    async def read(answer: aiohttp.ClientResponse) -> list[int]:
        assert answer.content_type == "multipart/mixed"
        sizes = []
        async for part in aiohttp.MultipartReader.from_response(answer):
            data: Any = part
            sizes.append(len(await data.read()))
        return sizes

    run(main())


def test_headers_that_break_out_are_a_500_and_no_response(run: Run) -> None:
    async def handler(request: Request) -> Response:
        writer = MultipartWriter()
        writer.append("x", {"X-Test": "a\r\nX-Injected: 1"})
        return Response(body=writer)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            answer = await peer.ask(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 500 ")
            assert b"X-Injected" not in answer

    run(main())
