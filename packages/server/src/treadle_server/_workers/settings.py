"""``WorkerSettings``: how many workers there are, and when one of them is replaced."""

import math
import os
from pathlib import Path
from typing import Final, Literal, final

__all__ = ["WorkerSettings", "usable_processors"]

#: The limit of processor time of a container, in control groups of version 2: quota and period.
_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


def usable_processors(quota: Path = _QUOTA) -> int:
    """Return the processors that this process may use: its affinity, and its container's share."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    try:
        most, period = quota.read_text().split()
        share = math.ceil(int(most) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        # There is no limit: no file, or the word ``max``.
        return count
    return max(1, min(count, share))


def _check(name: str, value: object, kind: tuple[type, ...], least: float) -> None:
    word = "a number" if float in kind else "an int"
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} must be {word}, got {value!r}")
    if not value >= least:  # type: ignore[operator]  # one of ``kind``; the negation refuses NaN
        raise ValueError(f"{name} must be at least {least}, got {value}")


@final
class WorkerSettings:
    """The settings of a fleet of workers.

    ``workers`` is their number, or ``"auto"`` for one for each processor that may be used. A worker
    is replaced after ``max_requests`` requests, after ``max_lifetime`` seconds or when it uses
    ``max_rss`` bytes of memory; 0 is no limit. Each worker's limits are lowered by a random share
    of up to ``limit_jitter``, so that workers do not reach them together.

    A worker has ``start_timeout`` seconds to start, and ``stop_timeout`` to end, of which it serves
    on for ``drain_delay`` unless another worker replaces it. One whose event loop has not run for
    ``heartbeat_timeout`` seconds is ended. Raises ``TypeError`` or ``ValueError`` for a value that
    cannot be meant.
    """

    __slots__ = (
        "drain_delay",
        "heartbeat_timeout",
        "limit_jitter",
        "max_lifetime",
        "max_requests",
        "max_rss",
        "start_timeout",
        "stop_timeout",
        "workers",
    )

    def __init__(
        self,
        workers: int | Literal["auto"],
        *,
        max_requests: int = 0,
        max_lifetime: float = 0.0,
        max_rss: int = 0,
        limit_jitter: float = 0.1,
        start_timeout: float = 60.0,
        heartbeat_timeout: float = 30.0,
        stop_timeout: float = 125.0,
        drain_delay: float = 0.0,
    ) -> None:
        if workers == "auto":
            workers = usable_processors()
        elif isinstance(workers, str):
            raise ValueError(f"workers must be a number or 'auto', got {workers!r}")
        _check("workers", workers, (int,), 1)
        _check("max_requests", max_requests, (int,), 0)
        _check("max_lifetime", max_lifetime, (int, float), 0)
        _check("max_rss", max_rss, (int,), 0)
        _check("limit_jitter", limit_jitter, (int, float), 0)
        if limit_jitter > 1:
            raise ValueError(f"limit_jitter must be from 0 to 1, got {limit_jitter}")
        _check("start_timeout", start_timeout, (int, float), 1)
        _check("heartbeat_timeout", heartbeat_timeout, (int, float), 1)
        _check("stop_timeout", stop_timeout, (int, float), 0)
        _check("drain_delay", drain_delay, (int, float), 0)
        self.workers: Final[int] = workers
        self.max_requests: Final = max_requests
        self.max_lifetime: Final = max_lifetime
        self.max_rss: Final = max_rss
        self.limit_jitter: Final = limit_jitter
        self.start_timeout: Final = start_timeout
        self.heartbeat_timeout: Final = heartbeat_timeout
        self.stop_timeout: Final = stop_timeout
        self.drain_delay: Final = drain_delay
