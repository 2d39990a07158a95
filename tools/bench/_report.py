"""From rounds to numbers: medians for each server, ratios to the first one, as text and as JSON.

A ratio is taken inside each round, between servers that ran within seconds of each other, and the
median of those is reported with the smallest and the largest. Ratios of medians would mix rounds
that a busy machine treated differently.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, final

from bench._load import Round

__all__ = ["Ratio", "Rounds", "as_json", "as_table", "ratio"]

#: The rounds of one workload by server, each list in the order in which they ran.
Rounds = Mapping[str, Sequence[Round]]


@final
class Ratio(NamedTuple):
    """CPU per request of one server divided by that of another."""

    median: float
    smallest: float
    largest: float


def ratio(ours: Sequence[Round], theirs: Sequence[Round]) -> Ratio:
    """Return the ratio of CPU per request, round by round."""
    each = [
        one.cpu_us_per_request / other.cpu_us_per_request
        for one, other in zip(ours, theirs, strict=True)
    ]
    return Ratio(statistics.median(each), min(each), max(each))


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _medians(rounds: Sequence[Round]) -> Round:
    return Round(
        requests_per_second=statistics.median(one.requests_per_second for one in rounds),
        cpu_us_per_request=statistics.median(one.cpu_us_per_request for one in rounds),
        p50_us=_median(one.p50_us for one in rounds),
        p99_us=_median(one.p99_us for one in rounds),
    )


def _latency(microseconds: float | None) -> str:
    return f"{'-' if microseconds is None else format(microseconds, ',.0f'):>10}"


def as_table(workload: str, rounds: Rounds, subject: str = "treadle") -> str:
    """Return the numbers of one workload as lines of text."""
    columns = f"{workload:<12}{'requests/s':>12}{'CPU us/req':>12}{'p50 us':>10}{'p99 us':>10}"
    lines = [f"{columns}   CPU {subject}/peer (min-max)"]
    for name, each in rounds.items():
        middle = _medians(each)
        line = (
            f"  {name:<10}{middle.requests_per_second:>12,.0f}{middle.cpu_us_per_request:>12.2f}"
            f"{_latency(middle.p50_us)}{_latency(middle.p99_us)}"
        )
        if name != subject and subject in rounds:
            found = ratio(rounds[subject], each)
            line += f"   {found.median:.2f} ({found.smallest:.2f}-{found.largest:.2f})"
        lines.append(line)
    return "\n".join(lines)


def as_json(rounds: Rounds, subject: str = "treadle") -> dict[str, object]:
    """Return the numbers of one workload by server: medians, ratio and every round."""
    report: dict[str, object] = {}
    for name, each in rounds.items():
        entry: dict[str, object] = {
            "median": _medians(each)._asdict(),
            "rounds": [one._asdict() for one in each],
        }
        if name != subject and subject in rounds:
            entry[f"cpu_{subject}_to_this"] = ratio(rounds[subject], each)._asdict()
        report[name] = entry
    return report
