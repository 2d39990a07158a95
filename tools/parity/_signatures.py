"""Decide from two signatures if every call that one takes is taken by the other."""

import re
from typing import Final, NamedTuple

__all__ = ["refusal"]

_PARAMETER: Final = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>\w+)(?P<keyword>:?)(?:=(?P<default>.*))?", re.DOTALL
)


class _Signature(NamedTuple):
    #: Parameters that can be given by position, in order.
    positional: list[str]
    #: Defaults by name, None for a parameter that must be given.
    defaults: dict[str, str | None]
    takes_any_position: bool
    takes_any_keyword: bool


def _parse(text: str) -> _Signature:
    positional: list[str] = []
    defaults: dict[str, str | None] = {}
    stars: set[str] = set()
    for part in _split(text):
        found = _PARAMETER.fullmatch(part)
        assert found is not None, part
        if found["stars"]:
            stars.add(found["stars"])
            continue
        if not found["keyword"]:
            positional.append(found["name"])
        defaults[found["name"]] = found["default"]
    return _Signature(positional, defaults, "*" in stars, "**" in stars)


def _split(text: str) -> list[str]:
    """Split at the commas that are not inside a default."""
    parts: list[str] = []
    depth, quote = 0, ""
    for piece in re.findall(r"'|\"|[(\[{]|[)\]}]|, |.", text, re.DOTALL):
        if quote or piece in "'\"":
            quote = "" if quote == piece else quote or piece
        elif piece in "([{":
            depth += 1
        elif piece in ")]}":
            depth -= 1
        elif piece == ", " and not depth:
            parts.append("")
            continue
        if not parts:
            parts.append("")
        parts[-1] += piece
    return parts


def refusal(theirs: str, ours: str) -> str | None:
    """Return how a call that ``theirs`` takes fails with ``ours``, None if none does."""
    if "?" in (theirs, ours):
        return None if theirs == ours else f"signature is ({ours}), not ({theirs})"
    left, right = _parse(theirs), _parse(ours)
    problems = []
    if not right.takes_any_position and left.positional != right.positional[: len(left.positional)]:
        problems.append(
            f"positions are ({', '.join(right.positional)}), not ({', '.join(left.positional)})"
        )
    for name, default in left.defaults.items():
        if name not in right.defaults:
            if not right.takes_any_keyword:
                problems.append(f"{name}= is refused")
        elif default is None:
            pass
        elif right.defaults[name] is None:
            problems.append(f"{name}= must be given")
        elif right.defaults[name] != default:
            problems.append(f"{name}={right.defaults[name]}, not {default}")
    needed = [
        name
        for name, default in right.defaults.items()
        if default is None and name not in left.defaults
    ]
    if needed and not (left.takes_any_position or left.takes_any_keyword):
        problems.append(f"needs {', '.join(needed)}")
    if left.takes_any_keyword and not right.takes_any_keyword:
        problems.append("further keywords are refused")
    if left.takes_any_position and not right.takes_any_position:
        problems.append("further positions are refused")
    return "; ".join(problems) or None
