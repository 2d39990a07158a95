"""The registry: the payloads of known types, and how to add others."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from treadle_responses import (
    AsyncIterablePayload,
    BufferedReaderPayload,
    BytesIOPayload,
    BytesPayload,
    IOBasePayload,
    Order,
    PayloadLookupError,
    PayloadRegistry,
    Response,
    StringIOPayload,
    StringPayload,
    TextIOPayload,
    get_payload,
    payload_type,
    register_payload,
)
from treadle_responses._registry import PAYLOAD_REGISTRY


async def pieces() -> AsyncIterator[bytes]:
    yield b"x"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"x", BytesPayload),
        (bytearray(b"x"), BytesPayload),
        (memoryview(b"x"), BytesPayload),
        ("x", StringPayload),
        (io.StringIO("x"), StringIOPayload),
        (io.BytesIO(b"x"), BytesIOPayload),
        (io.TextIOWrapper(io.BytesIO(b"x")), TextIOPayload),
        (io.BufferedReader(io.BytesIO(b"x")), BufferedReaderPayload),
        (io.RawIOBase(), IOBasePayload),
        (pieces(), AsyncIterablePayload),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_known_types(value: object, kind: type) -> None:
    payload = get_payload(value)
    assert type(payload) is kind
    assert get_payload(payload) is payload


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    for mode, kind in [
        ("rb", BufferedReaderPayload),
        ("r+b", BufferedReaderPayload),
        ("r", TextIOPayload),
    ]:
        with path.open(mode) as file:
            assert type(get_payload(file)) is kind


@pytest.mark.parametrize(
    "value", [1, None, [b"x"], {"a": 1}, object()], ids=["int", "none", "list", "dict", "object"]
)
def test_unknown_types(value: object) -> None:
    with pytest.raises(PayloadLookupError, match=f"registered for {type(value).__name__}: give"):
        get_payload(value)


class Point:
    pass


class Pixel(Point):
    pass


def test_order() -> None:
    registry = PayloadRegistry()
    registry.register(StringPayload, object, order=Order.try_last)
    registry.register(BytesPayload, Point)
    assert type(registry.get("x")) is StringPayload
    with pytest.raises(TypeError, match="must be bytes-like"):
        registry.get(Pixel())
    # The value's own class wins over a base that was registered before.
    registry.register(lambda value: StringPayload("pixel"), Pixel)
    assert registry.get(Pixel()).decode() == "pixel"
    registry.register(lambda value: StringPayload("first"), Point, order=Order.try_first)
    assert registry.get(Pixel()).decode() == "first"
    with pytest.raises(ValueError, match="Unsupported order 'normal': give Order"):
        registry.register(BytesPayload, Point, order="normal")  # type: ignore[arg-type]  # a mistake


def test_a_type_of_ones_own_as_a_body() -> None:
    class Invoice:
        pass

    @payload_type(Invoice)
    class InvoicePayload(StringPayload):
        def __init__(self, value: Invoice) -> None:
            super().__init__("to pay", content_type="text/x-invoice")

    response = Response(body=Invoice())  # type: ignore[arg-type]  # known at run time only
    assert (response.text, response.content_type) == ("to pay", "text/x-invoice")
    assert response.content_length == 6
    register_payload(lambda value: BytesPayload(b"again"), Invoice)
    assert get_payload(Invoice()).decode() == "again"
    assert PAYLOAD_REGISTRY.get("x", content_type="a/b").content_type == "a/b"


def test_an_order_is_a_str_and_payload_type_keeps_its_arguments() -> None:
    mark = payload_type(Unregistered, order=Order.try_first)
    assert mark.type is Unregistered
    assert mark.order is Order.try_first
    assert isinstance(mark.order, str)


class Unregistered:
    """A type that no payload is registered for."""
