"""Fixtures that write frames and handshakes as a client does, without the code under test.

Modules that use ``mask`` run twice, with the mask in Python and with the compiled one.
"""

from collections.abc import Callable, Iterator

import pytest

from treadle_websocket import _frames, _mask, _session

KEY = b"\x37\xfa\x21\x3d"  # the mask of RFC 6455 section 5.7


def _frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    form: int | None = None,
    key: bytes = KEY,
) -> bytes:
    size = len(payload)
    if form is None:
        form = 0 if size < 126 else 2 if size < 1 << 16 else 8
    mark = {0: size, 2: 126, 8: 127}[form]
    head = bytes([fin << 7 | rsv << 4 | opcode, masked << 7 | mark])
    if form:
        head += size.to_bytes(form, "big")
    if not masked:
        return head + payload
    return head + key + bytes(byte ^ key[i & 3] for i, byte in enumerate(payload))


@pytest.fixture(scope="session")
def frame() -> Callable[..., bytes]:
    """Return a function that builds one frame of a client, valid or not."""
    return _frame


@pytest.fixture(scope="session")
def request_fields() -> Callable[..., list[tuple[str, str]]]:
    """Return a function that builds the handshake of RFC 6455 section 1.2 with changed fields."""

    def build(**changes: str | None) -> list[tuple[str, str]]:
        fields = {
            "Host": "server.example.com",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Origin": "http://example.com",
            "Sec-WebSocket-Version": "13",
        }
        for name, value in changes.items():
            field = name.replace("_", "-")
            fields = {key: old for key, old in fields.items() if key.lower() != field.lower()}
            if value is not None:
                fields[field] = value
        return list(fields.items())

    return build


@pytest.fixture(scope="module", params=["python", "compiled"])
def mask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have frames unmasked in Python, then compiled; all tables of frames use it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "python":
            patch.setattr(_frames, "unmask", _mask.unmask_in_python)
            patch.setattr(_session, "unmask", _mask.unmask_in_python)
            patch.setattr(_session, "COMPILED", False)
        elif not _mask.COMPILED:
            pytest.skip("treadle-speedups is not compiled here: no C compiler was found")
        yield
