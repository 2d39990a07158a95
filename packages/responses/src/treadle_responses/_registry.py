"""The registry that finds the payload class for a value, open to types of your own."""

import enum
import io
from collections.abc import AsyncIterable, Callable
from typing import Any, Final, TypeAlias, TypeVar, final

from ._payload import BytesPayload, Payload, StringIOPayload, StringPayload
from ._payload_foreign import ForeignPayload, is_foreign_payload
from ._payload_streams import (
    AsyncIterablePayload,
    BufferedReaderPayload,
    BytesIOPayload,
    IOBasePayload,
    TextIOPayload,
)

__all__ = [
    "PAYLOAD_REGISTRY",
    "Order",
    "PayloadLookupError",
    "PayloadRegistry",
    "get_payload",
    "payload_type",
    "register_payload",
]

_P = TypeVar("_P", bound=type[Payload])
_Factory = Callable[..., Payload]


class PayloadLookupError(LookupError):
    """No payload is registered for the type of a value."""


class Order(str, enum.Enum):  # noqa: UP042  # a StrEnum has another str()
    """The order in which registered types are tried."""

    normal = "normal"
    try_first = "try_first"
    try_last = "try_last"


@final
class PayloadRegistry:
    """Types, and the factories that make payloads of their values.

    A value's own class is looked up first. Then ``isinstance`` decides, in the order of ``Order``
    and, within it, of registration.
    """

    __slots__ = ("_by_order", "_exact", "_try_first")

    def __init__(self) -> None:
        self._by_order: Final[dict[Order, list[tuple[type, _Factory]]]] = {
            Order.try_first: [],
            Order.normal: [],
            Order.try_last: [],
        }
        # A list of ``_by_order``: ``get`` looks at it for each body, and an enum member as a key
        # costs a call in Python.
        self._try_first: Final = self._by_order[Order.try_first]
        self._exact: Final[dict[type, _Factory]] = {}

    def get(self, data: object, *args: object, **kwargs: Any) -> Payload:
        """Return the payload for ``data``, or ``data`` if it is one.

        Further arguments go to the factory. Raises ``PayloadLookupError`` for an unregistered type.
        """
        if isinstance(data, Payload):
            return data
        factory = None if self._try_first else self._exact.get(type(data))
        if factory is None:
            factory = self._search(data)
        return factory(data, *args, **kwargs)

    def _search(self, data: object) -> _Factory:
        for order, entries in self._by_order.items():
            if order is Order.normal and type(data) in self._exact:
                return self._exact[type(data)]
            for kind, factory in entries:
                if isinstance(data, kind):
                    return factory
            if order is Order.normal and is_foreign_payload(data):
                return ForeignPayload
        raise PayloadLookupError(
            f"No payload is registered for {type(data).__name__}: give bytes, str, an open file or "
            "an asynchronous iterable of bytes, or register the type with payload_type()"
        )

    def register(self, factory: _Factory, type: type, *, order: Order = Order.normal) -> None:  # noqa: A002
        """Make ``factory`` the payload of ``type``; raises ``ValueError`` for a bad ``order``."""
        if not isinstance(order, Order):
            raise ValueError(  # noqa: TRY004  # aiohttp's class
                f"Unsupported order {order!r}: give Order.normal, try_first or try_last"
            )
        self._by_order[order].append((type, factory))
        if order is Order.normal:
            self._exact[type] = factory


#: The registry that responses use.
PAYLOAD_REGISTRY: Final = PayloadRegistry()


def get_payload(data: object, *args: object, **kwargs: Any) -> Payload:
    """Return the payload for ``data``; see ``PayloadRegistry.get``."""
    return PAYLOAD_REGISTRY.get(data, *args, **kwargs)


def register_payload(factory: _Factory, type: type, *, order: Order = Order.normal) -> None:  # noqa: A002
    """Make ``factory`` the payload of ``type``; see ``PayloadRegistry.register``."""
    PAYLOAD_REGISTRY.register(factory, type, order=order)


# ``type`` inside ``payload_type``, where the name is an attribute to type checkers.
_Class: TypeAlias = type


@final
class payload_type:  # noqa: N801  # aiohttp's name
    """A decorator that registers a payload class for ``type``."""

    __slots__ = ("order", "type")

    def __init__(self, type: _Class, *, order: Order = Order.normal) -> None:  # noqa: A002
        self.type: Final = type
        self.order: Final = order

    def __call__(self, factory: _P) -> _P:
        """Register ``factory`` and return it."""
        PAYLOAD_REGISTRY.register(factory, self.type, order=self.order)
        return factory


for _type, _factory in (
    (bytes, BytesPayload),
    (bytearray, BytesPayload),
    (memoryview, BytesPayload),
    (str, StringPayload),
    (io.StringIO, StringIOPayload),
    (io.TextIOBase, TextIOPayload),
    (io.BytesIO, BytesIOPayload),
    (io.BufferedReader, BufferedReaderPayload),
    (io.BufferedRandom, BufferedReaderPayload),
    (io.IOBase, IOBasePayload),
):
    PAYLOAD_REGISTRY.register(_factory, _type)
# Behind all others: objects of many types can be iterated.
PAYLOAD_REGISTRY.register(AsyncIterablePayload, AsyncIterable, order=Order.try_last)
