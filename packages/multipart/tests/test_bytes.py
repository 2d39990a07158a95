"""Bytes of any kind at the entrances of the package, and what is none."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from testkit import HOLD_NO_BYTES, KINDS_OF_BYTES
from treadle_multipart import (
    FormParser,
    MultipartEncoder,
    MultipartParser,
    PartDecoder,
    PartScanner,
    UrlencodedParser,
)

URLENCODED = "application/x-www-form-urlencoded"


def in_part() -> MultipartParser:
    parser = MultipartParser("b")
    parser.receive_data(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n')
    return parser


def encoder() -> MultipartEncoder:
    made = MultipartEncoder()
    made.begin_part([])
    return made


# The entrances: functions of the data that return what came of it.
ENTRANCES: dict[str, Callable[[Any], object]] = {
    "MultipartParser": lambda data: MultipartParser("b").receive_data(data),
    "MultipartParser, in a part": lambda data: in_part().receive_data(data),
    "UrlencodedParser": lambda data: UrlencodedParser().receive_data(data),
    "FormParser": lambda data: FormParser("multipart/form-data; boundary=b").receive_data(data),
    "FormParser, urlencoded": lambda data: FormParser(URLENCODED).receive_data(data),
    "PartDecoder": lambda data: list(PartDecoder(None, None).decode(data)),
    "PartDecoder, base64": lambda data: list(PartDecoder("base64", None).decode(data)),
    "PartScanner": lambda data: PartScanner("b").receive_data(data),
    "MultipartEncoder": lambda data: encoder().data(data),
}
DATA = b"c29tZQ==\r\n"


@pytest.mark.parametrize("name", ENTRANCES)
@pytest.mark.parametrize("kind", KINDS_OF_BYTES.values(), ids=KINDS_OF_BYTES)
def test_every_kind_of_bytes(name: str, kind: Callable[[bytes], Any]) -> None:
    assert repr(ENTRANCES[name](kind(DATA))) == repr(ENTRANCES[name](DATA))


@pytest.mark.parametrize("name", ENTRANCES)
@pytest.mark.parametrize("data", HOLD_NO_BYTES)
def test_what_holds_no_bytes(name: str, data: object) -> None:
    with pytest.raises(TypeError, match="takes bytes") as caught:
        ENTRANCES[name](data)
    hint = ": encode it" if isinstance(data, str) else ""
    assert re.search(rf"not {type(data).__name__}{hint}$", str(caught.value))
