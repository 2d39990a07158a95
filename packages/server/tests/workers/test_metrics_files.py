"""The directory of workers' metrics: its slots, its environment, and its end."""

import os
from pathlib import Path

import pytest

from treadle_server._workers.metrics_files import MetricsFiles, Place, find_place

VARIABLES = ("PROMETHEUS_MULTIPROC_DIR", "TREADLE_METRICS_DIR", "TREADLE_METRICS_WORKER")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_slots_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    files = MetricsFiles()
    files.open()
    slots: list[str | None] = []
    for number in (1, 2, 3):
        files.enter(number)
        slots.append(os.environ["TREADLE_METRICS_WORKER"].partition(":")[0])
    # A worker that is replaced still lives when the next one starts.
    files.leave(2, 1002)
    for number in (4, 5):
        files.enter(number)
        slots.append(os.environ["TREADLE_METRICS_WORKER"].partition(":")[0])
    assert slots == ["w1", "w2", "w3", "w2", "w4"]
    directory = os.environ["TREADLE_METRICS_DIR"]
    assert os.environ["TREADLE_METRICS_WORKER"] == f"w4:{os.getpid()}"
    monkeypatch.setattr(os, "getppid", os.getpid)
    assert find_place() == Place(directory, "w4")
    files.close()
    assert not Path(directory).exists()
    assert find_place() is None


def test_a_program_that_a_worker_starts_is_no_worker() -> None:
    files = MetricsFiles()
    files.open()
    files.enter(1)
    # Its parent is another process.
    assert find_place() is None
    files.close()


def test_gauges_of_the_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    files = MetricsFiles()
    files.open()
    directory = Path(os.environ["TREADLE_METRICS_DIR"])
    files.enter(1)
    files.enter(2)
    names = ["counter_w1", "histogram_w1", "gauge_sum_w1", "gauge_livesum_w2", "gauge_liveall_11"]
    dead = ["gauge_livesum_w1", "gauge_liveall_1", "gauge_livemax_1"]
    for name in (*names, *dead):
        (directory / f"{name}.db").touch()
    files.leave(1, 1)
    assert sorted(path.stem for path in directory.iterdir()) == sorted(names)
    # It is not known any more.
    files.leave(1, 11)
    assert (directory / "gauge_liveall_11.db").exists()
    files.close()


def test_the_directory_of_an_operator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    directory = tmp_path / "made" / "here"
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(directory))
    files = MetricsFiles()
    files.open()
    assert directory.is_dir()
    assert find_place() == Place(str(directory), None)
    files.close()
    (directory / "counter_7.db").touch()
    (directory / "notes.txt").touch()
    # Numbers of the run before would be counted again.
    files.open()
    assert [path.name for path in directory.iterdir()] == ["notes.txt"]
    files.close()
    assert directory.is_dir()


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    files = MetricsFiles()
    files.open()
    files.enter(1)
    files.leave(1, 1)
    assert "TREADLE_METRICS_DIR" not in os.environ
    files.close()
    assert find_place() is None
