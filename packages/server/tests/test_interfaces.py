"""The names of ``treadle_server.interfaces``, which packages for other transports use."""

from treadle_server import interfaces

NAMES = [
    "EMPTY_PAYLOAD", "Connection", "ConnectionInfo", "DirectFactory", "Exchange", "OpenStreams",
    "RequestBody", "RequestFactory", "ResponseChannel", "UpgradeOwner", "Upgraded",
]  # fmt: skip


def test_names() -> None:
    assert sorted(interfaces.__all__) == sorted(NAMES)
    assert all(getattr(interfaces, name) is not None for name in NAMES)
