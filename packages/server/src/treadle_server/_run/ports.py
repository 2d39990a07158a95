"""TCP ports, checked before they reach the system, and the names of addresses for people."""

from yarl import URL

__all__ = ["address_name", "check_port", "default_port"]


def default_port(*, tls: bool) -> int:
    """Return the port of an address without one: 8443 with TLS, otherwise 8080."""
    return 8443 if tls else 8080


def address_name(address: object, *, tls: bool) -> str:
    """Return the URL of a host and a port, or of the path of a Unix socket.

    ``address`` is as ``socket.getsockname()`` gives it.
    """
    scheme = "https" if tls else "http"
    if isinstance(address, tuple):
        return str(URL.build(scheme=scheme, host=address[0], port=address[1]))
    return f"{scheme}://unix:{address}:"


def check_port(port: int | str) -> int:
    """Return ``port`` as a number from 0 to 65535; raises ``TypeError`` or ``ValueError``.

    The system takes a number modulo 65536.

    Digits are a port too, as in a variable of the environment.
    """
    if isinstance(port, str) and port.isascii() and port.isdecimal() and len(port) < 10:
        port = int(port)
    if isinstance(port, bool) or not isinstance(port, int):
        raise TypeError(f"port must be an int from 0 to 65535, got {port!r}")
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be from 0 to 65535, got {port}")
    return port
