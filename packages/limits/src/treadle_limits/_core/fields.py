"""The fields of responses that tell clients of their limits: values in, text out.

``RateLimit`` and ``RateLimit-Policy`` are those of draft-ietf-httpapi-ratelimit-headers, version 8
and later: lists of structured fields (RFC 9651), in which each item is the name of a policy.
``Retry-After`` is that of RFC 9110 section 10.2.3.
"""

import math
import re
from typing import Final

from .decision import Decision
from .rate import Rate

__all__ = ["check_name", "policy_item", "policy_names", "retry_after", "state_item"]

#: RFC 9651 section 3.1: the largest integer of a structured field.
_MOST: Final = 999_999_999_999_999

_NAME: Final = re.compile(r"[ !#-\[\]-~]{1,96}")


def check_name(name: str) -> str:
    """Return the name of a policy; raises for one that no structured field can have as it is."""
    if not isinstance(name, str):
        raise TypeError(f"The name of a limit is text, not {name!r}")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"The name of a limit is 1 to 96 printable ASCII characters without quotes and "
            f"backslashes, not {name!r}"
        )
    return name


def policy_names(name: str, count: int) -> tuple[str, ...]:
    """Return the names of the policies of a limit with ``count`` rates."""
    return (name,) if count == 1 else tuple(f"{name}-{number + 1}" for number in range(count))


def policy_item(name: str, rate: Rate) -> str:
    """Return the item of ``RateLimit-Policy``: quota and window.

    >>> policy_item("default", Rate.parse("100/minute"))
    '"default";q=100;w=60'
    """
    # A window is whole seconds, and may be left out.
    window = f";w={int(rate.period)}" if rate.period == int(rate.period) else ""
    return f'"{name}";q={rate.limit}{window}'


def state_item(name: str, decision: Decision) -> str:
    """Return the item of ``RateLimit``: the hits that remain, and the seconds until all do."""
    seconds = min(math.ceil(decision.reset_after), _MOST)
    return f'"{name}";r={decision.remaining};t={seconds}'


def retry_after(decision: Decision) -> str:
    """Return the value of ``Retry-After``: whole seconds, at least one."""
    return str(max(1, math.ceil(decision.retry_after)))
