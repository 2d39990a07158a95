"""From rounds to medians and ratios."""

from bench._load import Round
from bench._report import as_json, as_table, ratio


def rounds(*cpu: float, latency: float | None = 100.0) -> list[Round]:
    return [Round(1e6 / each, each, latency, latency) for each in cpu]


def test_ratios_are_taken_inside_each_round() -> None:
    # The machine was twice as slow in the second round, for both.
    found = ratio(rounds(10, 20, 10), rounds(20, 40, 25))
    assert found == (0.5, 0.4, 0.5)


def test_the_table_shows_medians_and_the_ratio() -> None:
    table = as_table("hello", {"treadle": rounds(10, 12, 11), "slow": rounds(20, 24, 22)})
    header, treadle, slow = table.splitlines()
    assert header.split()[0] == "hello"
    assert treadle.split() == ["treadle", "90,909", "11.00", "100", "100"]
    assert slow.split() == ["slow", "45,455", "22.00", "100", "100", "0.50", "(0.50-0.50)"]


def test_unknown_latencies_are_shown_as_such() -> None:
    unknown = {"treadle": rounds(10, latency=None)}
    assert as_table("pipelined", unknown).split()[-2:] == ["-", "-"]
    assert as_json(unknown)["treadle"] == {
        "median": {
            "requests_per_second": 1e5,
            "cpu_us_per_request": 10,
            "p50_us": None,
            "p99_us": None,
        },
        "rounds": [rounds(10, latency=None)[0]._asdict()],
    }


def test_without_treadle_there_are_no_ratios() -> None:
    report = as_json({"slow": rounds(20)})
    assert report["slow"] == {
        "median": rounds(20)[0]._asdict(),
        "rounds": [rounds(20)[0]._asdict()],
    }
