"""The delays between attempts."""

from treadle_channels._core.backoff import Backoff


def test_delays_double_up_to_a_second_and_begin_again() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    delays = [backoff.delay() for _ in range(8)]
    assert delays == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]
    backoff.reset()
    assert backoff.delay() == 0.05


def test_chance_shortens_a_delay_by_up_to_a_half() -> None:
    backoff = Backoff(chance=lambda: 1.0)
    assert [backoff.delay() for _ in range(2)] == [0.025, 0.05]
    delays = {Backoff().delay() for _ in range(20)}
    assert len(delays) > 1
    assert all(0.025 <= delay <= 0.05 for delay in delays)
