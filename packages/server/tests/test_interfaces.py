"""The names of ``treadle_server.interfaces``, which packages for other transports use."""

from treadle_server import interfaces

NAMES = [
    "ASGIMounted", "AccessLogClass", "AnyMessage", "BlockingCalls", "BodyDiscardedError",
    "Connection", "ConnectionInfo", "DirectFactory", "EMPTY_PAYLOAD", "Exchange", "FileSender",
    "LoopName", "MessageReader", "MountOptions", "MountResource", "MountedPath", "MountingRouter",
    "NEVER", "OpenFile", "OpenStreams", "ProxiedInfo", "ProxyAddress", "RequestBody",
    "RequestFactory", "ResponseChannel", "RunOptions", "RunnerOptions", "ServerState",
    "SessionState", "SharedSite", "TrailerSender", "TrustedProxies", "UnusableError",
    "UpgradeOwner", "Upgraded", "WSGIMountOptions", "WSGIMounted", "WebSocketChannel",
    "WebSocketOpener", "add_server_arguments", "bare_application", "bind_tcp", "bind_unix",
    "check_keywords", "check_server_arguments", "default_port", "is_not_async", "log_debug",
    "log_error",
    "log_given", "log_warning", "make_exchange", "new_loop", "open_file", "printable",
    "read_seconds", "serve_with_arguments", "shown", "too_late", "websocket_channel",
    "wrong_signature",
]  # fmt: skip


def test_names() -> None:
    assert sorted(interfaces.__all__) == sorted(NAMES)
    assert all(getattr(interfaces, name) is not None for name in NAMES)
