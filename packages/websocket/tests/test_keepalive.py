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
