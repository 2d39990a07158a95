"""A backend before its start, and after a start that failed."""

import pytest

from testkit import Run
from testkit.backends import Notes
from treadle_channels import BackendUnavailableError, RedisPubSubBackend


def test_a_backend_that_was_not_started(run: Run) -> None:
    async def main() -> None:
        backend = RedisPubSubBackend("redis://127.0.0.1:1")
        await backend.stop()
        for call in (backend.subscribe(["a"]), backend.publish("a", b"t"), backend.members("a")):
            with pytest.raises(BackendUnavailableError, match="is not started"):
                await call
        assert repr(backend) == "<RedisPubSubBackend Redis at redis://127.0.0.1:1>"
        for _ in range(2):
            with pytest.raises(BackendUnavailableError, match="cannot be reached"):
                await backend.start(Notes())
        assert not backend.connected

    run(main())
