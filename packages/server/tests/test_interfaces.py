"""The names of ``treadle_server.interfaces``, which packages for other transports use."""

from treadle_server import interfaces

NAMES = [
    "Connection", "ConnectionInfo", "DirectFactory", "EMPTY_PAYLOAD", "Exchange", "FileSender",
    "OpenFile", "OpenStreams", "ProxiedInfo", "RequestBody", "RequestFactory",
    "ResponseChannel", "RunOptions", "TrailerSender", "UnusableError", "UpgradeOwner",
    "Upgraded", "add_server_arguments", "bare_application", "check_server_arguments",
    "log_debug", "log_error", "log_warning", "open_file", "serve_with_arguments", "shown",
]  # fmt: skip


def test_names() -> None:
    assert sorted(interfaces.__all__) == sorted(NAMES)
    assert all(getattr(interfaces, name) is not None for name in NAMES)
