"""The standard library's email package as a second opinion, in both directions."""

from email import policy
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesParser

from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_multipart import (
    MultipartBody,
    MultipartParser,
    PartBegin,
    PartData,
    PartDecoder,
    PartEnd,
    boundary_of,
)

CRLF = policy.HTTP
# Text that email neither changes nor splits: it treats control characters as line ends.
lines = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
binary = st.binary(max_size=80)


def decoded_parts(parser: MultipartParser, body: bytes) -> list[tuple[str | None, bytes]]:
    parts: list[tuple[str | None, bytes]] = []
    decoder = PartDecoder()
    begin = PartBegin(())
    data: list[bytes] = []
    for event in parser.receive_data(body) + parser.receive_eof():
        if isinstance(event, PartBegin):
            begin, data = event, []
            decoder = PartDecoder(event.header("content-transfer-encoding"))
        elif isinstance(event, PartData):
            data += decoder.decode(event.data)
        elif isinstance(event, PartEnd):
            data += decoder.finish()
            parts.append((begin.content_type, b"".join(data)))
    return parts


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(lines, min_size=1, max_size=3), blobs=st.lists(binary, max_size=3))
def test_reads_the_output_of_email(texts: list[str], blobs: list[bytes]) -> None:
    message = MIMEMultipart("mixed", policy=CRLF)
    for text in texts:
        message.attach(MIMEText(text, "plain", "utf-8", policy=CRLF))
    for blob in blobs:
        message.attach(MIMEApplication(blob, policy=CRLF))
    data = message.as_bytes(policy=CRLF)
    content_type = message["Content-Type"]
    body = data.partition(b"\r\n\r\n")[2]
    parser = MultipartParser(boundary_of(content_type))
    expected = [("text/plain", text.encode()) for text in texts]
    expected += [("application/octet-stream", blob) for blob in blobs]
    assert decoded_parts(parser, body) == expected


@settings(deadline=None, max_examples=100)
@given(
    fields=st.lists(st.tuples(st.text("abc_", min_size=1, max_size=8), lines), max_size=4),
    filename=st.text("abc.", min_size=1, max_size=8),
    blob=binary.filter(lambda data: b"\r" not in data and b"\n" not in data),
)
def test_email_reads_the_output(fields: list[tuple[str, str]], filename: str, blob: bytes) -> None:
    body = MultipartBody()
    for name, value in fields:
        body.add_field(name, value)
    body.add_file("up", blob, filename=filename)
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=CRLF).parsebytes(head + b"".join(body))
    assert message.is_multipart()
    got = [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]
    expected = [(name, None, value.encode()) for name, value in fields]
    assert got == [*expected, ("up", filename, blob)]
