"""Two workers and an engine, small: each client has all messages, or was told of its loss."""

import pytest

from bench.channels_workers import main
from testkit.engines import find_program


@pytest.mark.parametrize("kills", [0, 1])
@pytest.mark.parametrize("engine", ["redis-pubsub", "redis-streams", "postgres"])
def test_each_client_has_all_messages_or_a_gap(engine: str, kills: int) -> None:
    program = "postgres" if engine == "postgres" else "redis-server"
    if find_program(program) is None:
        pytest.skip(f"{program} is not installed")
    messages = 10_000 if kills else 2_000
    found = main(
        ["--engine", engine, "--clients", "40", "--messages", str(messages), "--kill", str(kills)]
    )
    for worker in found["workers"]:
        assert worker["wrong"] == 0
        if not kills:
            assert worker["least"] == messages // 10
            assert worker["gaps"] == 0
            assert worker["failed publishes"] == 0
        elif worker["least"] < messages // 10:
            # Each of them, because each has missed something.
            assert worker["failed publishes"] or worker["clients with gaps"] == worker["clients"]
