"""The decisions about workers, as stories without a process or a clock."""

import logging
import signal
from typing import Any

import pytest

from treadle_server._workers.fleet import (
    END_STATUS,
    Action,
    End,
    Fleet,
    Log,
    Phase,
    Send,
    Start,
    Worker,
)
from treadle_server._workers.settings import WorkerSettings

TERM, STACKS, KILL = signal.SIGTERM, signal.SIGUSR2, signal.SIGKILL


class Story:
    """A fleet with a clock; what it does is noted in few words."""

    def __init__(self, workers: int = 2, **options: Any) -> None:
        options = {"limit_jitter": 0.0} | options
        self.fleet = Fleet(WorkerSettings(workers, **options))
        self.now = 100.0
        self.log: list[str] = []

    def step(self, seconds: float = 0.0) -> list[str]:
        """Let time pass; return what is done: ``+3`` starts worker 3, ``TERM 3`` signals it."""
        self.now += seconds
        return [word for action in self.fleet.step(self.now) if (word := self._word(action))]

    def _word(self, action: Action) -> str:
        match action:
            case Start(worker):
                worker.pid = 1000 + worker.number
                return f"+{worker.number}"
            case Send(worker, number):
                return f"{signal.Signals(number).name.removeprefix('SIG')} {worker.number}"
            case End(status):
                return f"end {status}"
            case Log(_, message):
                self.log.append(message)
                return ""

    def worker(self, number: int) -> Worker:
        return next(worker for worker in self.fleet.workers if worker.number == number)

    def ready(self, *numbers: int) -> None:
        for number in numbers:
            self.fleet.ready(self.worker(number), self.now)

    def exits(self, number: int, status: int = 0, **told: Any) -> None:
        worker = self.worker(number)
        for name, value in told.items():
            setattr(worker, name, value)
        self.fleet.exited(worker, status, self.now)

    def beats(self, number: int, requests: int = 0, rss: int = 0) -> None:
        worker = self.worker(number)
        worker.requests, worker.rss = requests, rss
        self.fleet.beat(worker, self.now)

    def phases(self) -> dict[int, str]:
        return {worker.number: worker.phase.value for worker in self.fleet.workers}


@pytest.fixture
def story() -> Story:
    """Two workers that have served for a minute."""
    made = Story()
    assert made.step() == ["+1", "+2"]
    made.ready(1, 2)
    assert made.step() == []
    assert made.fleet.complete
    for _ in range(6):
        made.now += 10
        made.beats(1)
        made.beats(2)
        assert made.step() == []
    made.log.clear()
    return made


def test_a_roll_replaces_one_after_the_other(story: Story) -> None:
    story.fleet.roll()
    assert story.step() == ["+3"]
    assert story.step(0.3) == []
    story.ready(3)
    assert story.step() == ["URG 1", "+4"]
    story.exits(1)
    story.ready(4)
    assert story.step() == ["URG 2"]
    assert not story.fleet.complete
    story.exits(2)
    assert story.step() == []
    assert story.phases() == {3: "serving", 4: "serving"}
    assert story.fleet.complete
    assert story.log == [
        "All workers are replaced, one after the other",
        "Worker 3 (process 1003) serves",
        "Worker 1 (process 1001) is replaced: a reload was asked for",
        "Worker 1 (process 1001) has ended",
        "Worker 4 (process 1004) serves",
        "Worker 2 (process 1002) is replaced: a reload was asked for",
        "Worker 2 (process 1002) has ended",
    ]


def test_a_roll_whose_worker_does_not_start_ends_there(story: Story) -> None:
    story.fleet.roll()
    assert story.step() == ["+3"]
    story.exits(3, 1, error="KeyError: 'DSN'")
    assert story.step() == []
    assert story.step(8) == []
    assert story.phases() == {1: "serving", 2: "serving"}
    assert story.log[1:] == [
        "Worker 3 (process 1003) did not start: KeyError: 'DSN'",
        "The old workers go on serving",
    ]
    # The next one is tried anew.
    story.fleet.roll()
    assert story.step() == ["+4"]


def test_a_second_roll_replaces_what_the_first_one_started(story: Story) -> None:
    story.fleet.roll()
    assert story.step() == ["+3"]
    story.fleet.roll()
    story.ready(3)
    assert story.step() == ["URG 1", "+4"]
    story.ready(4)
    assert story.step() == ["URG 2", "+5"]
    story.ready(5)
    assert story.step() == ["URG 3"]


def test_the_one_to_be_replaced_ends_by_itself(story: Story) -> None:
    story.fleet.roll()
    assert story.step() == ["+3"]
    story.exits(1, -KILL)
    # Its replacement takes the place that is free, and the roll goes on with the next one.
    assert story.step() == ["+4"]
    story.ready(3)
    assert story.step() == []
    story.ready(4)
    assert story.step() == ["URG 2"]
    assert story.phases() == {2: "leaving", 3: "serving", 4: "serving"}


# Options; what worker 1 tells at last, and when; why it is replaced.
LIMITS: dict[str, tuple[dict[str, Any], dict[str, int], float, str]] = {
    "requests": ({"max_requests": 1000}, {"requests": 1000}, 1, "it has handled 1000 requests"),
    "memory": ({"max_rss": 2**29}, {"rss": 2**29}, 1, "it uses 512 MiB"),
    "lifetime": ({"max_lifetime": 25.0}, {}, 25, "it has served for 25 s"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_worker_that_reaches_a_limit_is_replaced(name: str) -> None:
    options, told, seconds, reason = LIMITS[name]
    story = Story(1, **options)
    assert story.step() == ["+1"]
    story.ready(1)
    story.beats(1, **{key: value - 1 for key, value in told.items()})
    assert story.step(seconds - 0.1) == []
    story.beats(1, **told)
    assert story.step(0.1) == ["+2"]
    story.ready(2)
    assert story.step() == ["URG 1"]
    assert story.log[-1] == f"Worker 1 (process 1001) is replaced: {reason}"


def test_never_two_are_replaced_at_once() -> None:
    story = Story(3, max_requests=10)
    assert story.step() == ["+1", "+2", "+3"]
    story.ready(1, 2, 3)
    for number in (1, 2, 3):
        story.beats(number, requests=50)
    assert story.step() == ["+4"]
    assert story.step(1) == []
    story.ready(4)
    assert story.step() == ["URG 1", "+5"]
    assert story.step(1) == []


def test_limits_differ_by_the_jitter() -> None:
    settings = WorkerSettings(1, max_requests=1000, max_lifetime=100.0, limit_jitter=0.5)
    limits = {Worker(1, 0.0, settings).max_requests for _ in range(50)}
    assert len(limits) > 40
    assert all(500 <= limit <= 1000 for limit in limits)


def test_a_limit_whose_replacement_does_not_start_is_tried_again_with_pauses() -> None:
    story = Story(1, max_requests=10)
    assert story.step() == ["+1"]
    story.ready(1)
    story.beats(1, requests=10)
    assert story.step() == ["+2"]
    pauses = []
    for number in range(2, 11):
        story.exits(number, 1)
        waited = 0.0
        while (done := story.step(0.5)) == []:
            waited += 0.5
            story.beats(1, requests=10)
        pauses.append(waited + 0.5)
        assert done == [f"+{number + 1}"]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert story.worker(1).phase is Phase.SERVING


def test_a_worker_that_crashes_is_started_again(story: Story) -> None:
    story.exits(1, -KILL)
    assert story.step() == ["+3"]
    story.ready(3)
    story.exits(3, 1)
    # The first short life is no reason to wait.
    assert story.step() == ["+4"]
    story.ready(4)
    story.exits(4, 1)
    assert story.step() == []
    assert story.step(0.5) == ["+5"]
    assert story.log[0] == "Worker 1 (process 1001) was ended by SIGKILL; another one is started"
    assert "Worker 3 (process 1003) ended with status 1; another one is started" in story.log


def test_the_pause_after_crashes_is_short() -> None:
    story = Story(1)
    assert story.step() == ["+1"]
    for number in range(1, 20):
        story.ready(number)
        story.exits(number, 1)
        assert f"+{number + 1}" in story.step() + story.step(2.0)


def test_starts_that_fail_end_the_supervisor() -> None:
    story = Story(1)
    assert story.step() == ["+1"]
    story.exits(1, 1, error="OSError: no database")
    assert story.step() == []
    assert story.step(0.5) == ["+2"]
    story.exits(2, 1, error="OSError: no database")
    assert story.step(1.0) == ["+3"]
    story.exits(3, 1, error="OSError: no database")
    assert story.step() == [f"end {END_STATUS}"]
    assert END_STATUS == 3
    assert story.log[-1] == "No worker could start in 3 attempts: OSError: no database"


def test_an_error_that_stays_ends_the_supervisor_at_once() -> None:
    story = Story(2)
    assert story.step() == ["+1", "+2"]
    story.exits(1, 2, error="no module named app", unusable=True)
    assert story.step()[0] == "end 2"
    assert story.log == ["Workers cannot start: no module named app"]


def test_starts_that_fail_beside_a_worker_that_serves_end_nothing(story: Story) -> None:
    story.exits(1, -KILL)
    assert story.step() == ["+3"]
    for number in range(3, 9):
        story.exits(number, 1, unusable=True)
        done = story.step()
        for _ in range(2):
            story.beats(2)
            done += story.step(20)
        assert done == [f"+{number + 1}"]
    assert story.worker(2).phase is Phase.SERVING


def test_a_start_that_takes_too_long() -> None:
    story = Story(1, start_timeout=10.0)
    assert story.step() == ["+1"]
    assert story.step(10) == []
    assert story.step(0.1) == ["USR2 1"]
    assert story.step(5) == []
    assert story.step(0.1) == ["KILL 1"]
    story.exits(1, -KILL)
    assert story.step() == []
    assert story.log[-1] == "Worker 1 (process 1001) did not start: it was not ready after 10 s"


def test_a_worker_that_hangs(story: Story) -> None:
    story.now += 31
    story.beats(2)
    assert story.step() == ["USR2 1"]
    assert story.step(5) == []
    assert story.step(0.1) == ["KILL 1", "+3"]
    assert "its event loop has not run for 31 s. It prints its stacks" in story.log[0]
    story.exits(1, -KILL)
    assert story.step() == []
    assert story.log[-1] == "Worker 1 (process 1001) was ended by SIGKILL"


def test_a_worker_that_hung_and_goes_on_is_kept(story: Story) -> None:
    story.now += 31
    story.beats(2)
    assert story.step() == ["USR2 1"]
    story.beats(1)
    assert story.step(5.1) == []
    assert story.log[-1] == "Worker 1 (process 1001) answers again"


def test_one_more_and_one_less(story: Story) -> None:
    story.fleet.add()
    assert story.step() == ["+3"]
    story.ready(3)
    assert story.step() == []
    story.fleet.remove()
    assert story.step() == ["URG 1"]
    story.exits(1)
    story.fleet.remove()
    assert story.step() == ["URG 2"]
    story.exits(2)
    story.fleet.remove()
    assert story.step() == []
    assert story.log[-1] == "The last worker stays; SIGTERM ends all"


def test_one_less_than_is_being_replaced(story: Story) -> None:
    story.fleet.roll()
    assert story.step() == ["+3"]
    story.fleet.remove()
    assert story.step() == ["URG 1", "TERM 3"]
    # The other one is still to be replaced.
    assert story.step() == ["+4"]


def test_a_stop(story: Story) -> None:
    story.fleet.stop(story.now)
    assert story.step() == ["TERM 1", "TERM 2"]
    # Neither a roll nor an end starts anything now.
    story.fleet.roll()
    story.exits(1)
    assert story.step(1) == []
    story.exits(2, 1)
    assert story.step() == ["end 0"]
    assert story.log == [
        "All workers end",
        "Worker 1 (process 1001) has ended",
        "Worker 2 (process 1002) ended with status 1",
    ]


def test_a_stop_during_the_start() -> None:
    story = Story()
    assert story.step() == ["+1", "+2"]
    story.fleet.stop(story.now)
    assert story.step() == ["TERM 1", "TERM 2"]
    story.ready(1)
    assert story.phases() == {1: "leaving", 2: "leaving"}
    story.exits(1, -TERM)
    story.exits(2, -TERM)
    assert story.step() == ["end 0"]


def test_more_signals_hurry_a_stop(story: Story) -> None:
    for expected in (["TERM 1", "TERM 2"], ["TERM 1", "TERM 2"], ["KILL 1", "KILL 2"]):
        story.fleet.stop(story.now)
        assert story.step() == expected
    assert story.log == [
        "All workers end",
        "All workers end without a wait for handlers",
        "All workers are killed",
    ]


def test_a_stop_that_takes_too_long(story: Story) -> None:
    story.fleet.stop(story.now)
    assert story.step() == ["TERM 1", "TERM 2"]
    story.exits(1)
    assert story.step(125) == []
    assert story.step(0.1) == ["KILL 2"]
    assert story.log[-1] == "Worker 2 (process 1002) did not end within 125 s: SIGKILL"


def test_levels_of_the_log() -> None:
    story = Story(1)
    levels = []
    for action in story.fleet.step(story.now):
        assert isinstance(action, Start)
    story.exits(1, 1)
    story.fleet.roll()
    for action in story.fleet.step(story.now):
        assert isinstance(action, Log)
        levels.append(action.level)
    assert levels == [logging.ERROR, logging.INFO]


def test_the_delay_of_a_stop() -> None:
    story = Story(2, drain_delay=10.0, stop_timeout=30.0)
    assert story.step() == ["+1", "+2"]
    story.ready(1)
    # One that does not serve yet has no delay to spend.
    story.fleet.stop(story.now)
    assert story.step() == ["TERM 1", "TERM 2"]
    assert story.step(9) == []
    story.fleet.stop(story.now)
    assert story.step() == ["TERM 1", "TERM 2"]
    story.fleet.stop(story.now)
    assert story.step() == ["TERM 1", "TERM 2"]
    story.fleet.stop(story.now)
    assert story.step() == ["KILL 1", "KILL 2"]
    assert story.log[1:] == [
        "All workers end",
        "All workers end without a further delay",
        "All workers end without a wait for handlers",
        "All workers are killed",
    ]


def test_a_stop_behind_its_delay() -> None:
    story = Story(1, drain_delay=10.0, stop_timeout=30.0)
    story.step()
    story.ready(1)
    story.fleet.stop(story.now)
    assert story.step(10) == ["TERM 1"]
    story.fleet.stop(story.now)
    assert story.step() == ["TERM 1"]
    assert story.log[1:] == ["All workers end", "All workers end without a wait for handlers"]
