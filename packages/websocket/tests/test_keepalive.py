from treadle_websocket import KeepAlive, Verdict


def test_a_silent_peer_is_pinged_and_then_given_up() -> None:
    alive = KeepAlive(interval=10, patience=5, now=100)
    assert alive.deadline == 110
    assert alive.judge(109.9) is Verdict.WAIT
    assert alive.judge(110) is Verdict.PING
    assert alive.deadline == 115
    assert alive.judge(114.9) is Verdict.WAIT
    assert alive.judge(115) is Verdict.DEAD


def test_any_byte_is_a_sign_of_life() -> None:
    alive = KeepAlive(interval=10, patience=5, now=0)
    alive.heard(9)
    assert alive.judge(10) is Verdict.WAIT
    assert alive.judge(19) is Verdict.PING
    alive.heard(20)
    assert alive.deadline == 30
    assert alive.judge(24) is Verdict.WAIT
    assert alive.judge(30) is Verdict.PING


def test_a_late_call_still_gives_the_peer_its_time() -> None:
    alive = KeepAlive(interval=10, patience=5, now=0)
    assert alive.judge(1000) is Verdict.PING
    assert alive.judge(1004) is Verdict.WAIT


def test_a_peer_that_is_not_read_is_pinged_and_not_given_up() -> None:
    alive = KeepAlive(interval=10, patience=5, now=0)
    alive.suspend()
    for now in range(10, 1000, 10):
        assert alive.judge(now - 1) is Verdict.WAIT
        assert alive.judge(now) is Verdict.PING
    alive.restart(1000)
    assert alive.deadline == 1005, "a ping is out"
    assert alive.judge(1005) is Verdict.DEAD


def test_a_pause_before_the_ping_and_one_behind_it() -> None:
    alive = KeepAlive(interval=10, patience=5, now=0)
    alive.suspend()
    alive.restart(9)
    assert alive.judge(10) is Verdict.PING
    assert alive.deadline == 15
    alive.suspend()
    assert alive.judge(15) is Verdict.PING
    alive.restart(26)
    assert alive.deadline == 31
    alive.heard(27)
    assert alive.judge(31) is Verdict.WAIT
    assert alive.judge(37) is Verdict.PING
    assert alive.judge(42) is Verdict.DEAD
