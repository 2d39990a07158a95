"""TCP ports: checked before they reach the system, which takes a number modulo 65536."""

__all__ = ["check_port"]


def check_port(port: int | str) -> int:
    """Return ``port`` as a number from 0 to 65535; raises ``TypeError`` or ``ValueError``.

    Digits are a port too, as in a variable of the environment.
    """
    if isinstance(port, str) and port.isascii() and port.isdecimal() and len(port) < 10:
        port = int(port)
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"port must be an int from 0 to 65535, got {port!r}")
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be from 0 to 65535, got {port}")
    return port
