"""The names of ``treadle_server.interfaces``, which packages for other transports use."""

from treadle_server import interfaces

NAMES = [
    "EMPTY_PAYLOAD", "NEVER", "AccessLogClass", "AnyMessage", "BlockingCalls", "BodyDiscardedError",
    "Connection", "ProxyAddress", "TrustedProxies",
    "ConnectionInfo", "DirectFactory", "Exchange", "MessageReader", "OpenStreams", "RequestBody",
    "RequestFactory", "ResponseChannel", "RunnerOptions", "ServerState", "SessionState",
    "UpgradeOwner", "Upgraded", "WebSocketChannel", "WebSocketOpener", "make_exchange", "too_late",
]  # fmt: skip


def test_names() -> None:
    assert sorted(interfaces.__all__) == sorted(NAMES)
    assert all(getattr(interfaces, name) is not None for name in NAMES)
