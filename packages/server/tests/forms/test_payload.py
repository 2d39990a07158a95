"""A received part as the body of a response."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from testkit import Run
from treadle_responses import Response
from treadle_server import BodyPartReader, MultipartReader, MultipartWriter

TEXT = b"text\r\n" * 50
BODY = (
    b"--x\r\nContent-Transfer-Encoding: base64\r\nContent-Type: text/x-test\r\n"
    b'Content-Disposition: attachment; filename="a.txt"\r\n\r\n'
    + base64.b64encode(TEXT)
    + b"\r\n--x--\r\n"
)


async def content() -> AsyncIterator[bytes]:
    yield BODY


def test_a_part_of_a_form_can_be_sent_on_in_a_form(run: Run) -> None:
    body = BODY.replace(b"attachment;", b'form-data; name="caf\xc3\xa9";')

    async def received() -> AsyncIterator[bytes]:
        yield body

    async def main() -> None:
        content_type = {"Content-Type": "multipart/form-data; boundary=x"}
        part = await MultipartReader(content_type, received()).next()
        writer = MultipartWriter("form-data", boundary="y")
        payload = writer.append(part)
        disposition = payload.headers["Content-Disposition"]
        assert disposition == 'form-data; name="caf\xe9"; filename="a.txt"'
        assert TEXT in await writer.as_bytes()

    run(main())


def test_a_part_is_a_body_for_a_response(run: Run) -> None:
    async def main() -> None:
        reader = MultipartReader({"Content-Type": "multipart/mixed; boundary=x"}, content())
        part = await reader.next()
        assert isinstance(part, BodyPartReader)
        response = Response(body=part)
        assert response.headers["Content-Disposition"] == 'attachment; filename="a.txt"'
        assert response.content_type == "text/x-test"
        payload: Any = response.body
        with pytest.raises(TypeError, match="stream"):
            payload.decode()
        assert await payload.as_bytes() == TEXT
        with pytest.raises(RuntimeError, match="written before"):
            await payload.as_bytes()

    run(main())
