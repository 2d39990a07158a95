"""Rates: how many hits in how long, and how many of them at once.

A rate is written as text (``"10/minute"``, ``"5/10s"``, ``"100/hour; burst=20"``) or made of
numbers. Its times are whole microseconds, and the arithmetic of limits is one of integers: ``unit``
is the cost of a hit, in ticks of which ``drain`` pass in a microsecond. No rate rounds, in Python
and in the numbers of Lua alike.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias, final

__all__ = ["MOST_TICKS", "AnyRates", "Rate", "as_rates"]

#: Lua has doubles: integers are exact below this. Two terms of this size are never added.
MOST_TICKS: Final = 2**52

_UNITS: Final = {
    "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600,
    "d": 86_400, "day": 86_400,
}  # fmt: skip

_TEXT: Final = re.compile(
    r"\s*(?P<limit>\d{1,9})\s*/\s*(?P<number>\d{1,9}(?:\.\d{1,6})?)?\s*(?P<unit>[a-z]+)\s*"
    r"(?:;\s*burst\s*=\s*(?P<burst>\d{1,9})\s*)?",
    re.ASCII,
)


@final
@dataclass(frozen=True, slots=True)
class Rate:
    """``limit`` hits in each ``period`` of seconds, of which ``burst`` may come at once.

    Without ``burst`` all of them may. A key that has rested gets ``burst`` hits at once, and then
    one each ``period / limit`` seconds. Raises ``TypeError`` and ``ValueError`` for numbers that
    cannot be meant.

    >>> Rate.parse("100/hour; burst=20")
    Rate(limit=100, period=3600.0, burst=20)
    """

    limit: int
    period: float
    burst: int = 0
    #: The ticks of one hit, those that pass in a microsecond, and those of ``burst`` hits.
    unit: int = field(init=False, repr=False, compare=False)
    drain: int = field(init=False, repr=False, compare=False)
    capacity: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_count("limit", self.limit, 1)
        _check_count("burst", self.burst, 0)
        if isinstance(self.period, bool) or not isinstance(self.period, (int, float)):
            raise TypeError(f"The period of a rate is a number of seconds, not {self.period!r}")
        if not 1e-6 <= self.period < math.inf:
            raise ValueError(
                f"The period of a rate is a number of seconds, a microsecond or more, not "
                f"{self.period!r}"
            )
        microseconds = round(self.period * 1e6)
        divisor = math.gcd(self.limit, microseconds)
        burst = self.burst or self.limit
        unit, drain = microseconds // divisor, self.limit // divisor
        if burst * unit > MOST_TICKS or drain > MOST_TICKS:
            raise ValueError(
                f"The rate {self.limit} in {self.period} seconds is too fine to be counted "
                "exactly: give a smaller limit, burst or period, or rounder numbers"
            )
        # A frozen class sets its own fields in this way.
        values = {
            "period": float(self.period), "burst": burst, "unit": unit, "drain": drain,
            "capacity": burst * unit,
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Return the rate of ``"10/minute"``, ``"5/10s"`` or ``"100/hour; burst=20"``.

        Units are s, m, h and d, also as sec, min and in full. Raises ``ValueError`` for another
        text, and ``TypeError`` for what is no text.
        """
        if not isinstance(text, str):
            raise TypeError(f"A rate is text like '10/minute' or a Rate, not {text!r}")
        found = _TEXT.fullmatch(text.lower())
        unit = found["unit"] if found else ""
        # One letter has no plural.
        seconds = _UNITS.get(unit.removesuffix("s") if len(unit) > 2 else unit)
        if found is None or seconds is None:
            raise ValueError(
                f"A rate is text like '10/minute', '5/10s' or '100/hour; burst=20', not {text!r}"
            )
        if found["burst"] is not None and int(found["burst"]) == 0:
            raise ValueError(f"The burst of {text!r} lets no hit pass: give 1 or more")
        return cls(
            int(found["limit"]), float(found["number"] or 1) * seconds, int(found["burst"] or 0)
        )

    def __str__(self) -> str:
        text = f"{self.limit}/{self.period:.6f}".rstrip("0").rstrip(".") + "s"
        return text if self.burst == self.limit else f"{text}; burst={self.burst}"


#: One rate or several, as text or as values.
AnyRates: TypeAlias = "str | Rate | Iterable[str | Rate]"


def as_rates(rates: AnyRates) -> tuple[Rate, ...]:
    """Return one rate or several as values; raises like ``Rate``, and for none and equal ones."""
    if isinstance(rates, (str, Rate)):
        rates = (rates,)
    elif not isinstance(rates, Iterable):
        raise TypeError(f"A rate is text like '10/minute' or a Rate, not {rates!r}")
    values = tuple(rate if isinstance(rate, Rate) else Rate.parse(rate) for rate in rates)
    if not values:
        raise ValueError("A limit needs a rate such as '10/minute': an empty list limits nothing")
    if len(set(values)) < len(values):
        raise ValueError(f"A rate is there twice in {', '.join(map(str, values))}: give it once")
    return values


def _check_count(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"The {name} of a rate is a number of hits, not {value!r}")
    if value < least:
        raise ValueError(f"The {name} of a rate is {value}: give {max(1, least)} or more")
