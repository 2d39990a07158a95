"""The groups of public names: which part of which package is about what.

A name belongs to the group of the module that defines it, so a new name is in its group without a
line here; a new module needs one, and a test says so. The longest prefix wins, and groups have the
order of this table.
"""

#: Each group with the modules, or beginnings of their names, whose public names are in it.
GROUPS: dict[str, tuple[str, ...]] = {
    "Applications": ("treadle_server._app", "treadle_server._core.signals"),
    "Keys and state": (
        "treadle_responses._keys", "treadle_responses._state", "treadle_server._core.state",
    ),
    "Requests": (
        "treadle_server._http.request", "treadle_server._http.message", "treadle_server._body",
        "treadle_server._core.types", "treadle_http_parser._events",
    ),
    "Responses": (
        "treadle_responses._response", "treadle_responses._stream", "treadle_responses._shortcuts",
        "treadle_responses._types", "treadle_responses._disposition", "treadle_responses._fields",
    ),
    "Files": (
        "treadle_server._files", "treadle_server._transport.files", "treadle_responses._openfile",
        "treadle_responses._fileplan", "treadle_responses._ranges",
        "treadle_responses._media_types",
    ),
    "Conditions and negotiation": (
        "treadle_responses._conditional", "treadle_responses._etag", "treadle_responses._accept",
    ),
    "Compression": ("treadle_responses._compression", "treadle_responses._compressors"),
    "Event streams": ("treadle_server._events", "treadle_responses._event_stream"),
    "WebSockets": ("treadle_server._websocket", "treadle_websocket", "treadle.http_websocket"),
    "Handshakes": (
        "treadle_websocket._decision", "treadle_websocket._handshake", "treadle_websocket._head",
        "treadle_websocket._origins",
    ),
    "Sessions": (
        "treadle_websocket._session", "treadle_websocket._settings", "treadle_websocket._state",
        "treadle_websocket._keepalive", "treadle_websocket._deflate", "treadle_websocket._close",
    ),
    "Forms and uploads": ("treadle_server._forms", "treadle_multipart"),
    "Parsers": (
        "treadle_multipart._parser", "treadle_multipart._formparser",
        "treadle_multipart._scanner", "treadle_multipart._events", "treadle_multipart._decode",
    ),
    "Routes": (
        "treadle_server._app.definitions", "treadle_server._app.table",
        "treadle_server._routing.definitions", "treadle_server._routing.options",
    ),
    "Resources and matches": (
        "treadle_server._routing", "treadle_server._app.subapps", "treadle_server._app.mounting",
    ),
    "Middlewares": ("treadle_server._app.middleware", "treadle_server._observe.request_ids"),
    "Background tasks": ("treadle_server._app.background",),
    "Connections": ("treadle_http_parser._connection", "treadle_http_parser._framing"),
    "Encoding": ("treadle_http_parser._encode",),
    "Limits": ("treadle_http_parser._limits",),
    "Codings": ("treadle_http_parser._codings",),
    "Fields": ("treadle_http_parser.fields",),
    "Routers": ("treadle_router._router", "treadle_router._resource", "treadle_router._matcher"),
    "Patterns and converters": (
        "treadle_router._pattern", "treadle_router._segments", "treadle_router._converters",
        "treadle_router._hosts", "treadle_router._methods", "treadle_router._quoting",
        "treadle_router._enclosure",
    ),
    "Results": ("treadle_router._results", "treadle_router._build"),
    "Conflicts and advice": ("treadle_router._conflicts", "treadle_router._advice"),
    "Publish and subscribe": ("treadle_channels._channels", "treadle_channels._core"),
    "In an application": ("treadle_channels._web", "treadle_limits._web"),
    "Backends": ("treadle_channels._backends",),
    "Rates and limiters": ("treadle_limits._core", "treadle_limits._limiter"),
    "Stores": ("treadle_limits._stores",),
    "On other servers": ("treadle_asgi._callable",),
    "Other applications on treadle": ("treadle_asgi._serving",),
    "Mounts": ("treadle_asgi._mounts", "treadle_asgi"),
    "Test clients": (
        "treadle_testing._client", "treadle_testing._memory", "treadle_testing._memory_websocket",
        "treadle_testing._response", "treadle_testing._context", "treadle_testing._case",
    ),
    "Test servers": ("treadle_testing._server",),
    "Fixtures and helpers": (
        "treadle_testing._loops", "treadle_testing._mocks", "treadle_testing.pytest_plugin",
    ),
    "Functions over bytes": ("treadle_speedups",),
    "Running": ("treadle_server._run", "treadle_server._workers"),
    "Servers and their options": (
        "treadle_server._http", "treadle_server._core", "treadle_server._transport",
    ),
    "Logs, health and metrics": (
        "treadle_server._observe", "treadle_server._http.access_log",
        "treadle_server._core.access_json", "treadle_server._core.request_ids",
        "treadle_server._core.logs", "treadle_server._http.logged",
        "treadle_server.opentelemetry", "treadle_server.prometheus",
    ),
    "Payloads": (
        "treadle_responses._payload", "treadle_responses._registry", "treadle_server._body.payload",
    ),
    "Under other servers": ("treadle_responses._asgi", "treadle_responses._wsgi"),
    "Libraries for aiohttp": ("treadle.compat", "treadle._auth", "treadle.worker", "treadle"),
    "Errors": (
        "treadle_asgi._errors", "treadle_channels._core.errors", "treadle_http_parser._errors",
        "treadle_multipart._errors", "treadle_router._errors", "treadle_server._core.errors",
        "treadle_server._core.http_exceptions",
        "treadle_server._core.teardown", "treadle_websocket._errors",
    ),
    "Exceptions that are responses": (
        "treadle_responses._exceptions", "treadle_responses.exceptions",
        "treadle_responses._error_pages",
    ),
}  # fmt: skip


def group_of(module: str) -> str | None:
    """Return the group of the names that ``module`` defines; None if it has none."""
    prefixes = (
        (len(prefix), title)
        for title, named in GROUPS.items()
        for prefix in named
        if module == prefix or module.startswith((f"{prefix}.", f"{prefix}_"))
    )
    return max(prefixes, default=(0, None))[1]
