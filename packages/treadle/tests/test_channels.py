"""``treadle.channels`` has the names of ``treadle_channels``, and says what it needs."""

import re
import subprocess
import sys
from pathlib import Path

import treadle.channels
import treadle_channels
import treadle_channels.web

PAGE = Path(__file__).resolve().parent.parent / "docs/channels.md"


def test_it_has_the_names_of_the_package() -> None:
    for module in (treadle_channels, treadle_channels.web):
        names = module.__all__
        assert names
        for name in names:
            if not name.startswith("_"):
                assert getattr(treadle.channels, name) is getattr(module, name)


def test_without_the_package_it_names_the_extra() -> None:
    program = "import sys; sys.modules['treadle_channels'] = None; import treadle.channels"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'treadle[channels]'" in run.stderr


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
