"""The tables of the layer: modules and names of aiohttp, and what they become.

Three kinds of modules. Those of the server are replaced as a whole. Those that server and client
share stay aiohttp's, and only the names of the server in them are replaced. All others belong to
the client and are left alone.
"""

from typing import Final

__all__ = [
    "BASES",
    "CLIENT_NAMES",
    "EITHER",
    "LOGGERS",
    "NAMES",
    "PRIVATE_NAMES",
    "SERVER_MODULES",
    "SHARED_MODULES",
    "VERSION",
]

#: The version of aiohttp whose server this is, for programs that look at ``aiohttp.__version__``.
VERSION: Final = "3.14.5"

#: Modules of aiohttp that are those of treadle of the same name.
SERVER_MODULES: Final = frozenset({
    "pytest_plugin", "test_utils", "web", "web_app", "web_exceptions", "web_fileresponse",
    "web_log", "web_middlewares", "web_protocol", "web_request", "web_response", "web_routedef",
    "web_runner", "web_server", "web_urldispatcher", "web_ws",
})  # fmt: skip

#: Modules that the client uses too; without aiohttp they are those of treadle.
SHARED_MODULES: Final = frozenset({
    "abc", "hdrs", "helpers", "http", "http_exceptions", "http_parser", "http_websocket", "log",
    "multipart", "payload", "streams", "typedefs",
})  # fmt: skip

#: Names of the server in modules that stay aiohttp's (``""`` is ``aiohttp`` itself): the objects
#: of treadle's module of the same name take their place.
NAMES: Final = {
    "": ("ChainMapProxy", "ETag"),
    "abc": ("AbstractAccessLogger", "AbstractMatchInfo", "AbstractRouter", "AbstractView"),
    "helpers": ("AppKey", "BaseKey", "ChainMapProxy", "ETag", "RequestKey", "ResponseKey"),
    "http": ("RawRequestMessage",),
    "http_parser": ("RawRequestMessage",),
}

#: Private names that libraries import from aiohttp's modules, with their user and the name of
#: ``treadle_server`` that stands for them.
PRIVATE_NAMES: Final = {
    # pytest-aiohttp: the type of a handler of the raw server.
    "web_protocol": {"_RequestHandler": "RawHandler"},
}

#: Classes that both sides make objects of. A subclass of aiohttp's takes their place for which
#: objects of treadle's class are instances too; an abstract class just registers treadle's.
EITHER: Final = {
    "BodyPartReader": ("", "multipart"),
    "MultipartReader": ("", "multipart"),
    "Payload": ("", "payload"),
    "StreamReader": ("", "streams"),
    "WSMessage": ("", "http", "http_websocket"),
}

#: Exceptions that both sides raise, with the module of aiohttp that has them: treadle raises a
#: subclass of both classes, so that ``except`` catches it by either.
BASES: Final = {
    "ClientConnectionResetError": "client_exceptions",
    "LineTooLong": "http_exceptions",
    "WSMessageTypeError": "client_exceptions",
    "WebSocketError": "http_websocket",
}

#: Loggers that become aiohttp's, so that they are configured and ignored under its names.
LOGGERS: Final = {
    "treadle.access": ("aiohttp.access", "access_logger"),
    "treadle.server": ("aiohttp.server", "server_logger"),
    "treadle.web": ("aiohttp.web", "web_logger"),
}

#: Names of aiohttp's client, for the error without it.
CLIENT_NAMES: Final = frozenset({
    "AsyncResolver", "BaseConnector", "ClientConnectionError", "ClientConnectorCertificateError",
    "ClientConnectorDNSError", "ClientConnectorError", "ClientConnectorSSLError", "ClientError",
    "ClientHandlerType", "ClientHttpProxyError", "ClientMiddlewareType", "ClientOSError",
    "ClientPayloadError", "ClientProxyConnectionError", "ClientRequest", "ClientResponse",
    "ClientResponseError", "ClientSSLError", "ClientSession", "ClientTimeout", "ClientWSTimeout",
    "ClientWebSocketResponse", "ConnectionTimeoutError", "ContentTypeError", "CookieJar",
    "DefaultResolver", "DigestAuthMiddleware", "DummyCookieJar", "Fingerprint", "FormData",
    "InvalidURL", "InvalidUrlClientError", "InvalidUrlRedirectClientError",
    "NamedPipeConnector", "NonHttpUrlClientError", "NonHttpUrlRedirectClientError",
    "RedirectClientError", "RequestInfo", "ServerConnectionError", "ServerDisconnectedError",
    "ServerFingerprintMismatch", "ServerTimeoutError", "SocketTimeoutError", "TCPConnector",
    "ThreadedResolver", "TooManyRedirects", "TraceConfig", "UnixConnector",
    "WSServerHandshakeError", "request",
})  # fmt: skip
