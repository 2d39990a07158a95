"""The tables of ``docs/channels.md`` beside the package."""

import re
from pathlib import Path

import treadle_channels

PAGE = Path(__file__).resolve().parent.parent / "packages/treadle/docs/channels.md"


def test_the_page_says_what_each_backend_can() -> None:
    row = re.compile(r"^\| `(\w+Backend)` \| [^|]+\| ([^|]+) \| ([^|]+) \|", re.MULTILINE)
    rows = row.findall(PAGE.read_text("utf-8"))
    assert "MemoryBackend" in dict.fromkeys(name for name, _, _ in rows)
    for name, past, members in rows:
        backend = getattr(treadle_channels, name, None)
        if backend is not None:
            assert hasattr(backend, "replay") is (past != "no"), name
            assert hasattr(backend, "touch") is (members == "yes"), name


def test_the_page_says_what_each_reason_means() -> None:
    text = PAGE.read_text("utf-8").partition("## Gaps")[2].partition("## Event streams")[0]
    listed = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert set(listed) == set(treadle_channels.GapReason.__args__)  # type: ignore[attr-defined]  # a Literal at run time
