"""Every kept input passes the assertions of its target, and a target can fail."""

from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
KEPT = sorted(path for path in CORPUS.glob("*/*"))


def test_every_target_has_a_corpus() -> None:
    assert {path.parent.name for path in KEPT} == set(TARGETS)


@pytest.mark.parametrize("path", KEPT, ids=[f"{path.parent.name}-{path.name}" for path in KEPT])
def test_kept_inputs(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 300, b"\r\n" * 200, bytes(range(256))])
def test_plain_junk(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_a_broken_promise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.targets.parse_content_type", lambda value: ("Text", {}))
    with pytest.raises(AssertionError):
        TARGETS["content_type"](b"text/html")
