"""The names that weft_server promises."""

import weft_server


def test_all() -> None:
    assert sorted(weft_server.__all__) == [
        "AbstractMatchInfo",
        "AbstractResource",
        "AbstractRoute",
        "AbstractView",
        "AppRunner",
        "Application",
        "BaseRequest",
        "BaseRunner",
        "BaseSite",
        "CleanupError",
        "ClientConnectionResetError",
        "DynamicResource",
        "FrozenList",
        "GracefulExit",
        "Handler",
        "HttpVersion",
        "HttpVersion10",
        "HttpVersion11",
        "Middleware",
        "PayloadAccessError",
        "PlainResource",
        "RawHandler",
        "Request",
        "RequestPayloadError",
        "Resource",
        "ResourceRoute",
        "RouteTableDef",
        "SERVER_SOFTWARE",
        "Server",
        "ServerConfig",
        "ServerRunner",
        "Signal",
        "SockSite",
        "StreamReader",
        "SystemRoute",
        "TCPSite",
        "UnixSite",
        "UrlDispatcher",
        "UrlMappingMatchInfo",
        "View",
        "__version__",
        "middleware",
        "run_app",
    ]


def test_every_name_exists() -> None:
    for name in weft_server.__all__:
        assert hasattr(weft_server, name)
