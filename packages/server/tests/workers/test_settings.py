"""The settings of workers: what is counted, and what is refused."""

import os
from pathlib import Path
from typing import Any

import pytest

from treadle_server._workers.settings import WorkerSettings, usable_processors

# The file of the control group; the processors of four that may be used.
QUOTAS = {
    "max 100000": 4,
    "200000 100000": 2,
    "150000 100000": 2,
    "50000 100000": 1,
    "900000 100000": 4,
    "0 100000": 1,
    "100000 0": 4,
    "": 4,
    "x y": 4,
}


@pytest.mark.parametrize(("text", "count"), QUOTAS.items())
def test_the_share_of_a_container_counts(
    text: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2, 5}, raising=False)
    quota = tmp_path / "cpu.max"
    quota.write_text(text)
    assert usable_processors(quota) == count


def test_without_a_limit_the_affinity_counts(tmp_path: Path) -> None:
    assert usable_processors(tmp_path / "none") == len(os.sched_getaffinity(0))
    assert WorkerSettings("auto").workers == usable_processors()


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"workers": 0}, ValueError, "workers must be at least 1, got 0"),
    ({"workers": -2}, ValueError, "workers must be at least 1, got -2"),
    ({"workers": "two"}, ValueError, "workers must be a number or 'auto', got 'two'"),
    ({"workers": True}, TypeError, "workers must be an int, got True"),
    ({"workers": 2.0}, TypeError, "workers must be an int, got 2.0"),
    ({"max_requests": -1}, ValueError, "max_requests must be at least 0, got -1"),
    ({"max_requests": 1.5}, TypeError, "max_requests must be an int, got 1.5"),
    ({"max_lifetime": "60"}, TypeError, "max_lifetime must be a number, got '60'"),
    ({"max_lifetime": float("nan")}, ValueError, "max_lifetime must be at least 0, got nan"),
    ({"max_rss": -1}, ValueError, "max_rss must be at least 0, got -1"),
    ({"limit_jitter": 1.1}, ValueError, "limit_jitter must be from 0 to 1, got 1.1"),
    ({"limit_jitter": -0.1}, ValueError, "limit_jitter must be at least 0, got -0.1"),
    ({"start_timeout": 0}, ValueError, "start_timeout must be at least 1, got 0"),
    ({"heartbeat_timeout": 0.5}, ValueError, "heartbeat_timeout must be at least 1, got 0.5"),
    ({"stop_timeout": -1}, ValueError, "stop_timeout must be at least 0, got -1"),
]


@pytest.mark.parametrize(("options", "error", "text"), REFUSED)
def test_refused(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"^{text}$"):
        WorkerSettings(**{"workers": 1} | options)
