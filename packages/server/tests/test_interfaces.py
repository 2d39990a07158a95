"""The names of ``treadle_server.interfaces``, which packages for other transports use."""

from treadle_server import interfaces

NAMES = [
    "Connection", "ConnectionInfo", "DirectFactory", "EMPTY_PAYLOAD", "Exchange", "FileSender",
    "OpenFile", "OpenStreams", "ProxiedInfo", "RequestBody", "RequestFactory",
    "ResponseChannel", "RunOptions", "TrailerSender", "UnusableError", "UpgradeOwner",
    "Upgraded", "add_server_arguments", "bare_application", "check_server_arguments",
    "log_debug", "log_error", "log_given", "log_warning", "open_file", "printable",
    "serve_with_arguments", "shown", "ASGIMounted", "MountOptions", "MountResource", "MountedPath",
    "MountingRouter", "WSGIMountOptions", "WSGIMounted", "check_keywords",
]  # fmt: skip


def test_names() -> None:
    assert sorted(interfaces.__all__) == sorted(NAMES)
    assert all(getattr(interfaces, name) is not None for name in NAMES)
