"""TCP ports: those that exist, and the errors for others."""

from typing import cast

import pytest

from treadle_server._run.ports import check_port


@pytest.mark.parametrize("port", [0, 1, 8080, 65535, "0", "8080", "065535"])
def test_a_port(port: int | str) -> None:
    assert check_port(port) == int(port)


@pytest.mark.parametrize("port", [-1, 65536, 99999, 2**64, "65536"])
def test_a_number_that_is_no_port(port: int | str) -> None:
    with pytest.raises(ValueError, match=f"port must be from 0 to 65535, got {port}"):
        check_port(port)


@pytest.mark.parametrize("port", ["80.5", "", "-1", "\u0665", "9" * 20, None, 80.0, True, b"80"])
def test_what_is_no_number(port: object) -> None:
    with pytest.raises(TypeError, match="port must be an int from 0 to 65535") as caught:
        check_port(cast("int", port))
    assert str(caught.value).endswith(f"got {port!r}")
