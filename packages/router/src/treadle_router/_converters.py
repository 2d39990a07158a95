r"""Typed variables: ``{id!int}`` names a converter, like ``!r`` in an f-string.

``{id:int}`` is taken: a regular expression follows the colon, and ``int`` is one that matches the
three letters. ``!`` was an error in a pattern before, so no path changes its meaning.

A ``Converter`` has three parts: the regular expression of the text it takes, a function from that
text to a value (``ValueError`` means "no match": ``/2024-02-31`` is not a date, and the search
continues), and a function from a value back to text. A variable may narrow the expression:
``{year!int:[0-9]{4}}``.

Register your own with ``Router(converters={"hex": Converter(...)})``. Functions defined at the top
level of a module keep the router picklable. A new converter of this package is one row of
``CONVERTERS``.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, Generic, TypeVar, cast, final
from uuid import UUID

__all__ = ["CONVERTERS", "NO_VALUE", "Converter", "checked_converters", "refuses_nothing"]

T_co = TypeVar("T_co", covariant=True)

#: The errors by which a converter says that a text or a value has no counterpart.
NO_VALUE: Final = (ValueError, LookupError, ArithmeticError)

_NAME: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")


@final
class Converter(Generic[T_co]):
    """A conversion between the text of a variable in a path and a value.

    ``regex`` must match the whole text of the variable. ``parse`` gets that text and returns the
    value, or raises ``ValueError`` if the text has no value; a ``LookupError`` (``Enum["x"]``) or
    ``ArithmeticError`` (``Decimal``) says the same. ``format`` gets a value and returns its text,
    or raises one of these or ``TypeError`` to refuse the value. ``parse`` must give the value back:
    a URL that would read back as another value is not built.
    """

    __slots__ = ("_format", "parse", "regex")

    def __init__(
        self,
        regex: str,
        parse: Callable[[str], T_co],
        format: Callable[[T_co], str] = str,  # noqa: A002 - Python's word for it
    ) -> None:
        """Raise ``ValueError`` if ``regex`` is not a regular expression."""
        try:
            re.compile(regex)
        except re.error as error:
            raise ValueError(f"Bad regex {regex!r} of a converter: {error}") from None
        self.regex: Final = regex
        self.parse: Final = parse
        self._format: Final = cast("Callable[[object], str]", format)

    def format(self, value: object) -> str:
        """Return the text for ``value``; raises whatever the given function raises."""
        return self._format(value)

    def __repr__(self) -> str:
        return f"<Converter {self.regex!r} -> {getattr(self.parse, '__name__', self.parse)}>"


def _same(text: str) -> str:
    return text


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError("must be a str")
    return value


def _format_int(value: int) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("must be an int")
    return int.__repr__(value)


def _parse_float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("too large for a float")
    return value


def _format_float(value: float) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("must be a float")
    value = float(value)
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("must be finite")
    return float.__repr__(value)


def _format_uuid(value: UUID) -> str:
    if not isinstance(value, UUID):
        raise TypeError("must be a UUID")
    return str(value)


def _format_date(value: date) -> str:
    # A datetime is a date too, but its time would be lost.
    if type(value) is not date:
        raise TypeError("must be a date")
    return value.isoformat()


# All but ``path`` match inside one segment. Digits are ASCII: ``\d`` takes those of any script.
_INT: Final = Converter("-?[0-9]+", int, _format_int)
_FLOAT: Final = Converter(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", _parse_float, _format_float)
_UUID: Final = Converter(
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    UUID,
    _format_uuid,
)
_SLUG: Final = Converter("[-a-zA-Z0-9_]+", _same, _text)
_DATE: Final = Converter("[0-9]{4}-[0-9]{2}-[0-9]{2}", date.fromisoformat, _format_date)
_PATH: Final = Converter("(?s:.+)", _same, _text)

#: The converters that each router knows, by their names.
CONVERTERS: Final[Mapping[str, Converter[object]]] = {
    "date": _DATE,
    "float": _FLOAT,
    "int": _INT,
    "path": _PATH,
    "slug": _SLUG,
    "uuid": _UUID,
}


def checked_converters(
    converters: Mapping[str, Converter[object]],
) -> Mapping[str, Converter[object]]:
    """Return ``converters``; raises ``TypeError`` or ``ValueError`` for a bad name or value."""
    for name, converter in converters.items():
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise ValueError(
                f"{name!r} is not a name for a converter: use an ASCII identifier like 'hex', "
                "which paths then name as {variable!hex}."
            )
        if not isinstance(converter, Converter):
            raise TypeError(
                f"The converter {name!r} is {converter!r}, not a Converter: make one with "
                "Converter(regex, parse, format)."
            )
    return converters


def refuses_nothing(converter: Converter[object]) -> bool:
    """Return True if the converter has a value for every text that its expression matches."""
    return converter.parse in (_same, str)
