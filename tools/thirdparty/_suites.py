"""The suites as values, read from ``suites.toml``."""

import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = ["Suite", "load_suites"]

_FILE: Final = Path(__file__).parent / "suites.toml"


class Suite(NamedTuple):
    """One library and its tests."""

    name: str
    version: str
    #: Requirements of its tests, beside pytest and aiohttp.
    needs: tuple[str, ...] = ()
    #: Arguments of pytest.
    arguments: tuple[str, ...] = ()
    #: Files that its tests need and that the source distribution lacks.
    files: dict[str, str] = {}  # noqa: RUF012  # never changed: a default of a tuple
    #: True if its tests start pytest themselves: the environment variable loads the layer there.
    inner: bool = False
    #: Tests that pass on aiohttp and fail on treadle: a part of their id, and the reason.
    reasons: dict[str, str] = {}  # noqa: RUF012  # as above

    @property
    def requirement(self) -> str:
        """The requirement for pip."""
        return f"{self.name}=={self.version}"

    def reason_for(self, test: str) -> str | None:
        """Return why ``test`` fails on treadle, None if that is not known."""
        return next((why for part, why in self.reasons.items() if part in test), None)


def load_suites(text: str | None = None) -> list[Suite]:
    """Return the suites of the file, or of ``text``; raises ``TypeError`` for an unknown key."""
    rows: list[dict[str, Any]] = tomllib.loads(_FILE.read_text() if text is None else text)["suite"]
    for row in rows:
        row["needs"] = tuple(row.get("needs", ()))
        row["arguments"] = tuple(row.get("arguments", ()))
    return [Suite(**row) for row in rows]
