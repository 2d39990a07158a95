"""Topics and subscribers: counts, order, steps, and subscribers that raise."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_channels import Gap, Message
from treadle_channels._core.hub import MAX_WAITING, STEP, Hub, Subscriber


class Listener:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[Message | Gap] = []

    def deliver(self, message: Message) -> None:
        self.got.append(message)

    def lose(self, gap: Gap) -> None:
        self.got.append(gap)

    def end(self) -> None:
        raise AssertionError("a hub does not end")


class Failing(Listener):
    def deliver(self, message: Message) -> None:
        raise ValueError("oops")

    def lose(self, gap: Gap) -> None:
        raise ValueError("oops")


def make_hub() -> tuple[Hub, list[tuple[Subscriber, Exception]]]:
    failures: list[tuple[Subscriber, Exception]] = []
    return Hub(lambda subscriber, error: failures.append((subscriber, error))), failures


def finish(hub: Hub) -> int:
    steps = 0
    while hub.step():
        steps += 1
    return steps


def test_topics_begin_and_end() -> None:
    hub, _ = make_hub()
    one, two = Listener(), Listener()
    assert hub.add(one, ["a", "b"]) == ["a", "b"]
    assert hub.add(one, ["a"]) == []
    assert hub.add(two, ["b", "c"]) == ["c"]
    assert hub.topics_of(one) == {"a", "b"}
    assert hub.remove(one, ["b", "never"]) == []
    assert sorted(hub.remove(two)) == ["b", "c"]
    assert set(hub.topics) == {"a"}
    assert hub.remove(one) == ["a"]
    assert hub.remove(one) == []
    assert (list(hub.topics), hub.topics_of(one), "a" in hub) == ([], frozenset(), False)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.sets(st.sampled_from("abc")))))
def test_counts_beside_sets(steps: list[tuple[bool, int, set[str]]]) -> None:
    hub, _ = make_hub()
    listeners = [Listener() for _ in range(4)]
    expected: set[tuple[int, str]] = set()
    for adds, number, topics in steps:
        before = {topic for _, topic in expected}
        pairs = {(number, topic) for topic in topics}
        expected = expected | pairs if adds else expected - pairs
        after = {topic for _, topic in expected}
        if adds:
            assert set(hub.add(listeners[number], topics)) == after - before
        else:
            assert set(hub.remove(listeners[number], topics)) == before - after
        assert set(hub.topics) == after
    for listener in listeners:
        hub.remove(listener)
    assert not hub._topics
    assert not hub._subscribed


def test_a_message_goes_to_the_subscribers_of_its_topic() -> None:
    hub, failures = make_hub()
    one, two, bad = Listener(), Listener(), Failing()
    hub.add(bad, ["a"])
    hub.add(one, ["a", "b"])
    hub.add(two, ["b"])
    assert hub.deliver(Message("a", "1")) is False
    assert hub.deliver(Message("nobody", "2")) is False
    assert hub.lose(["b", "a", "nobody"], "link") is False
    assert hub.lose(["nobody"], "link") is False
    assert hub.lose(None, "behind", 3) is False
    assert one.got == [
        Message("a", "1"), Gap(frozenset("ab"), "link"), Gap(frozenset("ab"), "behind", 3),
    ]  # fmt: skip
    assert two.got == [Gap(frozenset("b"), "link"), Gap(frozenset("b"), "behind", 3)]
    assert [subscriber is bad for subscriber, _ in failures] == [True] * 3


@pytest.mark.parametrize("count", [STEP - 1, STEP, STEP + 1, 5 * STEP + 7])
def test_many_subscribers_get_messages_in_steps_and_in_order(count: int) -> None:
    hub, _ = make_hub()
    listeners = [Listener() for _ in range(count)]
    for listener in listeners:
        hub.add(listener, ["t", "u"])
    messages: list[Message | Gap] = []
    for number in range(3):
        messages += [Message("t", str(number)), Gap(frozenset("tu"), "link")]
        left = hub.deliver(Message("t", str(number)))
        assert left is (count > STEP or hub.waiting > 0)
        hub.lose(None, "link")
    finish(hub)
    assert all(listener.got == messages for listener in listeners)
    assert hub.waiting == 0


def test_a_step_is_bounded() -> None:
    hub, _ = make_hub()
    listeners = [Listener() for _ in range(1000)]
    for listener in listeners:
        hub.add(listener, ["t"])
    hub.deliver(Message("t", "0"))
    for done in range(STEP, 1001, STEP):
        assert sum(len(listener.got) for listener in listeners) == done
        assert hub.step() is (done + STEP < 1000)


def test_one_that_leaves_between_steps_gets_nothing_more() -> None:
    hub, _ = make_hub()
    listeners = [Listener() for _ in range(STEP + 2)]
    for listener in listeners:
        hub.add(listener, ["t"])
    assert hub.deliver(Message("t", "0"))
    hub.lose(None, "link")
    hub.remove(listeners[-1])
    late = Listener()
    hub.add(late, ["t"])
    finish(hub)
    assert listeners[-1].got == []
    assert len(listeners[-2].got) == 2
    # It came behind the message, and before the loss.
    assert late.got == [Gap(frozenset("t"), "link")]


def test_all_leave_between_steps() -> None:
    hub, _ = make_hub()
    listeners = [Listener() for _ in range(2 * STEP)]
    for listener in listeners:
        hub.add(listener, ["t"])
    hub.deliver(Message("t", "0"))
    hub.lose(None, "link")
    for listener in listeners:
        hub.remove(listener)
    finish(hub)
    assert sum(len(listener.got) for listener in listeners) == STEP


def test_what_waits_is_bounded() -> None:
    hub, failures = make_hub()
    listeners: Iterable[Listener] = [Listener() for _ in range(STEP + 1)] + [Failing()]
    for listener in listeners:
        hub.add(listener, ["t"])
    for number in range(MAX_WAITING + 10):
        assert hub.deliver(Message("t", str(number)))
        assert hub.waiting <= MAX_WAITING
    finish(hub)
    assert {len(listener.got) for listener in listeners} == {MAX_WAITING + 10, 0}
    assert len(failures) == MAX_WAITING + 10
