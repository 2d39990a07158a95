"""The fields of a head as text."""

import pytest

from treadle_http_parser import Fields
from treadle_server._http import head as module
from treadle_server._http.head import decode_headers


@pytest.mark.parametrize(
    ("fields", "name", "values"),
    [
        (((b"Host", b"x"),), "host", ["x"]),
        (((b"A", b"1"), (b"a", b"2")), "A", ["1", "2"]),
        (((b"N", "grüß".encode()),), "N", ["grüß"]),
        # Other bytes come back as they were (PEP 383).
        (((b"N", b"\xff"),), "N", ["\udcff"]),
        ((), "N", []),
    ],
)
def test_decoding(fields: Fields, name: str, values: list[str]) -> None:
    assert decode_headers(fields).getall(name, []) == values


def test_names_that_clients_make_up_are_not_kept_for_ever() -> None:
    for number in range(5000):
        decode_headers(((b"X-%d" % number, b""),))
    assert len(module._names) <= 512
