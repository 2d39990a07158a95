"""The names of ``treadle_server.interfaces``, which packages for other transports use."""

from treadle_server import interfaces

NAMES = [
    "Connection", "ConnectionInfo", "DirectFactory", "EMPTY_PAYLOAD", "Exchange", "FileSender",
    "OpenFile", "OpenStreams", "ProxiedInfo", "RequestBody", "RequestFactory",
    "ResponseChannel", "TrailerSender", "UpgradeOwner", "Upgraded", "bare_application",
    "log_debug", "log_error", "log_warning", "open_file", "shown",
]  # fmt: skip


def test_names() -> None:
    assert sorted(interfaces.__all__) == sorted(NAMES)
    assert all(getattr(interfaces, name) is not None for name in NAMES)
