"""Mistakes that authors of applications and libraries make; type checkers report each of them.

Each function is a row. A comment at the end of the line that must be reported names the error codes
of ``mypy --strict`` and the rules of pyright's strict mode. No other line of the row may be
reported, but for what follows from the mistake (a value of unknown type). ``tools/typetable.py``
checks it, and counts the rows that aiohttp's own types report.

No row is ever run.
"""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Literal

from treadle import BodyPartReader, web
from treadle.abc import AbstractAccessLogger
from treadle.test_utils import TestClient, TestServer
from treadle.typedefs import Handler

NAME = web.AppKey("NAME", str)
COUNT = web.AppKey("COUNT", int)
USER = web.RequestKey("USER", str)
SIZE = web.ResponseKey("SIZE", int)

app = web.Application()
routes = web.RouteTableDef()


async def show(request: web.Request) -> web.Response:
    return web.Response()


async def through(request: web.Request, handler: Handler) -> web.StreamResponse:
    return await handler(request)


async def asgi(scope: object, receive: object, send: object) -> None: ...


class Page(web.View):
    async def get(self) -> web.Response:
        return web.Response()


# Handlers and routes


def handler_without_async() -> None:
    def handler(request: web.Request) -> web.Response:
        return web.Response()

    app.add_routes([web.get("/", handler)])  # error: arg-type, reportArgumentType


def handler_without_async_in_a_table() -> None:
    @routes.get("/")  # error: type-var, reportArgumentType
    def handler(request: web.Request) -> web.Response:
        return web.Response()


def handler_without_async_on_a_router() -> None:
    def handler(request: web.Request) -> web.Response:
        return web.Response()

    app.router.add_get("/", handler)  # error: arg-type, reportArgumentType


def handler_of_another_request() -> None:
    async def handler(request: str) -> web.Response:
        return web.Response()

    app.add_routes([web.post("/", handler)])  # error: arg-type, reportArgumentType


def handler_without_arguments() -> None:
    async def handler() -> web.Response:
        return web.Response()

    app.add_routes([web.get("/", handler)])  # error: arg-type, reportArgumentType


def handler_without_arguments_in_a_table() -> None:
    @routes.post("/")  # error: type-var, reportArgumentType
    async def handler() -> web.Response:
        return web.Response()


def handler_with_a_second_argument() -> None:
    @routes.get("/{name}")  # error: type-var, reportArgumentType
    async def handler(request: web.Request, name: str) -> web.Response:
        return web.Response(text=name)


class HandlerAsAMethodInATable:
    @routes.get("/")  # error: type-var, reportArgumentType
    async def index(self, request: web.Request) -> web.Response:
        return web.Response()


def handler_that_returns_nothing() -> None:
    async def handler(request: web.Request) -> None:
        print(request.path)

    app.add_routes([web.get("/", handler)])  # error: arg-type, reportArgumentType


def handler_that_returns_text() -> None:
    @routes.get("/")  # error: type-var, reportArgumentType
    async def handler(request: web.Request) -> str:
        return "Hello"


def handler_that_returns_a_dictionary() -> None:
    async def handler(request: web.Request) -> dict[str, int]:
        return {"a": 1}

    app.router.add_post("/", handler)  # error: arg-type, reportArgumentType


def handler_that_yields() -> None:
    async def handler(request: web.Request) -> AsyncIterator[bytes]:
        yield b"data"

    app.add_routes([web.get("/", handler)])  # error: arg-type, reportArgumentType


def handler_that_is_called(request: web.Request) -> None:
    app.router.add_get("/", show(request))  # error: arg-type, reportArgumentType


def handler_before_the_path() -> None:
    web.get(show, "/")  # error: arg-type, reportArgumentType


def lambda_that_returns_a_response() -> None:
    web.get("/", lambda _: web.Response())  # error: arg-type, return-value, reportArgumentType


def partial_with_a_wrong_argument() -> None:
    async def handler(request: web.Request, limit: int) -> web.Response:
        return web.Response(text=str(limit))

    web.get("/", partial(handler, limit="5"))  # error: arg-type, reportArgumentType


def decorator_that_loses_async() -> None:
    def logged(handler: Handler) -> Callable[[web.Request], web.StreamResponse]:
        raise NotImplementedError

    app.router.add_get("/", logged(show))  # error: arg-type, reportArgumentType


def decorator_of_another_handler() -> None:
    def logged(handler: Handler) -> Handler:
        return handler

    @logged  # error: arg-type, reportArgumentType
    async def handler(request: web.Request, name: str) -> web.Response:
        return web.Response(text=name)


def dictionary_of_handlers() -> None:
    def handler(request: web.Request) -> web.Response:
        return web.Response()

    _handlers: dict[str, Handler] = {
        "show": show,
        "bare": handler,  # error: dict-item, reportAssignmentType
    }


def view_that_is_a_function() -> None:
    app.add_routes([web.view("/", show)])  # error: arg-type, reportArgumentType


def view_that_is_a_function_on_a_router() -> None:
    app.router.add_view("/", show)  # error: arg-type, reportArgumentType


def view_that_is_an_instance(request: web.Request) -> None:
    web.view("/", Page(request))  # error: arg-type, reportArgumentType


def view_of_another_base() -> None:
    class Plain:
        async def get(self) -> web.Response:
            return web.Response()

    web.view("/", Plain)  # error: arg-type, reportArgumentType


def view_with_another_constructor() -> None:
    class Stored(web.View):
        def __init__(self, request: web.Request, database: str) -> None:
            super().__init__(request)
            self.database = database

    app.add_routes([web.view("/", Stored)])  # error: arg-type, reportArgumentType


class ViewThatAsksItself(web.View):
    async def get(self) -> web.Response:
        return web.Response(text=self.path)  # error: attr-defined, reportAttributeAccessIssue


def routes_without_a_list() -> None:
    app.add_routes(web.get("/", show))  # error: arg-type, reportArgumentType


def routes_that_are_handlers() -> None:
    app.add_routes([show])  # error: list-item, reportArgumentType


def option_that_is_misspelt() -> None:
    web.get("/", show, nmae="show")  # error: call-arg, reportCallIssue


def option_that_is_misspelt_in_a_table() -> None:
    @routes.get("/", allow_haed=False)  # error: call-arg, reportCallIssue
    async def handler(request: web.Request) -> web.Response:
        return web.Response()


def option_of_a_wrong_type() -> None:
    app.router.add_post("/", show, name=5)  # error: arg-type, reportArgumentType


def option_of_get_only() -> None:
    web.post("/", show, allow_head=False)  # error: call-arg, reportCallIssue


def static_option_that_is_misspelt() -> None:
    web.static("/s", ".", show_indx=True)  # error: call-arg, reportCallIssue


def static_option_of_a_wrong_type() -> None:
    app.router.add_static("/s", ".", chunk_size="64k")  # error: arg-type, reportArgumentType


def mount_option_that_is_misspelt() -> None:  # only treadle: aiohttp mounts nothing
    app.router.mount("/m", asgi, lifespam="on")  # error: call-arg, reportCallIssue


def mount_option_of_a_wrong_type() -> None:  # only treadle: aiohttp mounts nothing
    web.mount("/m", asgi, lifespan="yes")  # error: arg-type, reportArgumentType


def mount_of_a_module() -> None:  # only treadle: aiohttp mounts nothing
    app.router.mount("/m", "module:app")  # error: arg-type, reportArgumentType


def mount_of_an_asgi_application_as_wsgi() -> None:  # only treadle: aiohttp mounts nothing
    app.router.mount_wsgi("/m", asgi)  # error: arg-type, reportArgumentType


def static_without_a_directory() -> None:
    routes.static("/s", None)  # error: arg-type, reportArgumentType


def static_option_in_a_table_of_a_wrong_type() -> None:
    routes.static("/s", ".", fallback=5)  # error: arg-type, reportArgumentType


def static_resource_with_an_option_of_a_wrong_type() -> None:
    web.StaticResource("/s", ".", chunk_size="x")  # error: arg-type, reportArgumentType


def resource_with_a_named_route() -> None:
    web.PlainResource("/x").add_route("GET", show, name="x")  # error: call-arg, reportCallIssue


def converter_that_is_a_function() -> None:  # only treadle: converters
    web.Application(converters={"hex": int})  # error: dict-item, reportArgumentType


def url_without_names() -> None:
    app.router["item"].url_for("lamp")  # error: call-arg, reportCallIssue


def url_of_none(request: web.Request) -> None:
    app.router["item"].url_for(name=request.get(USER))  # error: arg-type, reportArgumentType


def url_of_an_object(request: web.Request) -> None:
    app.router["item"].url_for(item=request)  # error: arg-type, reportArgumentType


def variable_used_as_a_number(request: web.Request) -> None:
    print(request.match_info["page"] + 1)  # error: operator, reportOperatorIssue


async def handler_of_the_match_with_another_argument(request: web.Request) -> None:
    await request.match_info.handler(request.path)  # error: arg-type, reportArgumentType


# Middlewares


def middleware_with_arguments_swapped() -> None:
    async def log(handler: Handler, request: web.Request) -> web.StreamResponse:
        return await handler(request)

    web.Application(middlewares=[log])  # error: list-item, reportArgumentType


def middleware_without_a_handler() -> None:
    async def log(request: web.Request) -> web.StreamResponse:
        return web.Response()

    web.Application(middlewares=[log])  # error: list-item, reportArgumentType


def middleware_that_returns_nothing() -> None:
    async def log(request: web.Request, handler: Handler) -> None:
        await handler(request)

    web.Application(middlewares=[log])  # error: list-item, reportArgumentType


def middleware_without_a_list() -> None:
    web.Application(middlewares=through)  # error: arg-type, reportArgumentType


def middleware_without_await() -> None:
    @web.middleware
    async def log(request: web.Request, handler: Handler) -> web.StreamResponse:
        return handler(request)  # error: return-value, reportReturnType

    app.middlewares.append(log)


def middleware_that_calls_without_the_request() -> None:
    @web.middleware
    async def log(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler()  # error: call-arg, reportCallIssue

    app.middlewares.append(log)


def middleware_of_the_old_style() -> None:
    async def factory(app: web.Application, handler: Handler) -> Handler:
        return handler

    web.Application(middlewares=[factory])  # error: list-item, reportArgumentType


def middleware_of_one_route() -> None:
    async def log(request: str, handler: Handler) -> web.StreamResponse:
        return web.Response()

    app.router.add_get("/", show, middlewares=[log])  # error: list-item, reportArgumentType


def middlewares_that_are_misspelt() -> None:
    web.Application(middleware=[through])  # error: call-arg, reportCallIssue


# State


def app_key_with_another_value() -> None:
    app[COUNT] = "five"  # error: misc, reportCallIssue, reportArgumentType


def app_key_read_as_another_type(request: web.Request) -> None:
    _count: int = request.app[NAME]  # error: assignment, reportAssignmentType


def app_key_that_may_be_missing() -> None:
    print(app.get(NAME).upper())  # error: union-attr, reportOptionalMemberAccess


def app_key_in_a_request(request: web.Request) -> None:
    print(request[NAME])  # error: index, reportCallIssue, reportArgumentType


def app_key_in_a_response(response: web.Response) -> None:
    response[COUNT] = 5  # error: index, reportCallIssue, reportArgumentType


def request_key_with_another_value(request: web.Request) -> None:
    request[USER] = 5  # error: misc, reportCallIssue, reportArgumentType


def response_key_with_another_value(response: web.Response) -> None:
    response[SIZE] = "5"  # error: misc, reportCallIssue, reportArgumentType


def app_key_of_outer_apps(request: web.Request) -> None:
    _count: int = request.config_dict[NAME]  # error: assignment, reportAssignmentType


def state_as_an_attribute_of_an_app() -> None:
    app.database = "memory"  # error: attr-defined, reportAttributeAccessIssue


def state_as_an_attribute_of_a_request(request: web.Request) -> None:
    request.user = "Ada"  # error: attr-defined, reportAttributeAccessIssue


# Signals and the life of an application


def startup_without_an_application() -> None:
    async def connect() -> None:
        pass

    app.on_startup.append(connect)  # error: arg-type, reportArgumentType


def startup_without_async() -> None:
    def connect(app: web.Application) -> None:
        pass

    app.on_startup.append(connect)  # error: arg-type, reportArgumentType


def startup_that_is_called() -> None:
    async def connect(app: web.Application) -> None:
        pass

    app.on_startup.append(connect(app))  # error: arg-type, reportArgumentType


def cleanup_of_a_request() -> None:
    async def close(request: web.Request) -> None:
        pass

    app.on_cleanup.append(close)  # error: arg-type, reportArgumentType


def prepare_without_a_response() -> None:
    async def sign(request: web.Request) -> None:
        pass

    app.on_response_prepare.append(sign)  # error: arg-type, reportArgumentType


def cleanup_context_without_yield() -> None:
    async def database(app: web.Application) -> None:
        app[NAME] = "memory"

    app.cleanup_ctx.append(database)  # error: arg-type, reportArgumentType


def cleanup_context_of_a_request() -> None:
    async def database(request: web.Request) -> AsyncIterator[None]:
        yield

    app.cleanup_ctx.append(database)  # error: arg-type, reportArgumentType


def subapp_before_its_prefix() -> None:
    app.add_subapp(web.Application(), "/api")  # error: arg-type, reportArgumentType


def subapp_that_is_a_table() -> None:
    app.add_subapp("/api", routes)  # error: arg-type, reportArgumentType


def domain_without_an_application() -> None:
    app.add_domain("example.com", show)  # error: arg-type, reportArgumentType


def limit_with_a_unit() -> None:
    web.Application(client_max_size="2MB")  # error: arg-type, reportArgumentType


# Requests


async def json_without_await(request: web.Request) -> None:
    data = request.json()
    print(data["name"])  # error: index, reportIndexIssue


async def form_without_await(request: web.Request) -> None:
    form = request.post()
    print(form["name"])  # error: index, reportIndexIssue


async def file_that_may_be_text(request: web.Request) -> None:
    form = await request.post()
    print(form["picture"].filename)  # error: union-attr, reportAttributeAccessIssue


async def text_that_may_be_a_file(request: web.Request) -> None:
    form = await request.post()
    print(form["name"].upper())  # error: union-attr, reportAttributeAccessIssue


async def part_that_may_be_the_end(request: web.Request) -> None:
    reader = await request.multipart()
    part = await reader.next()
    assert not isinstance(part, type(reader))
    print(part.headers)  # error: union-attr, reportOptionalMemberAccess


async def part_that_may_be_nested(request: web.Request) -> None:
    async for part in await request.multipart():
        print(part.filename)  # error: union-attr, reportAttributeAccessIssue


async def part_without_a_name(request: web.Request) -> None:
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader):
            print(part.filename.lower())  # error: union-attr, reportOptionalMemberAccess


async def part_read_without_await(request: web.Request) -> None:
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader):
            print(len(part.read()))  # error: arg-type, reportArgumentType


def query_used_as_a_number(request: web.Request) -> None:
    print(request.query["page"] + 1)  # error: operator, reportOperatorIssue


def field_that_may_be_missing(request: web.Request) -> None:
    print(request.headers.get("X-User").lower())  # error: union-attr, reportOptionalMemberAccess


def peer_that_may_be_unknown(request: web.Request) -> None:
    print(request.remote.split("."))  # error: union-attr, reportOptionalMemberAccess


def fields_of_a_request_that_are_changed(request: web.Request) -> None:
    request.headers["X-User"] = "Ada"  # error: index, reportIndexIssue


async def body_iterated_without_content(request: web.Request) -> None:
    async for line in request:  # error: attr-defined, reportGeneralTypeIssues
        print(line)


# Responses


def json_with_a_positional_status() -> None:
    web.json_response({"a": 1}, 201)  # error: arg-type, call-arg, reportCallIssue


def json_with_a_status_as_text() -> None:
    web.json_response({"a": 1}, status="201")  # error: arg-type, reportArgumentType


def json_with_dumps_of_bytes() -> None:
    def dumps(value: object) -> bytes:
        return b"{}"

    web.json_response({"a": 1}, dumps=dumps)  # error: arg-type, reportArgumentType


def json_with_fields_of_numbers() -> None:
    web.json_response({"a": 1}, headers={"X-Count": 5})  # error: arg-type, reportArgumentType


def text_of_bytes() -> None:
    web.Response(text=b"Hello")  # error: arg-type, reportArgumentType


def status_that_is_assigned(response: web.Response) -> None:
    response.status = 404  # error: misc, reportAttributeAccessIssue


async def stream_of_text(request: web.Request) -> None:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write("Hello")  # error: arg-type, reportArgumentType


async def stream_written_without_await(request: web.Request) -> None:
    response = web.StreamResponse()
    await response.prepare(request)
    response.write(b"Hello")  # error: unused-coroutine, reportUnusedCoroutine


async def stream_prepared_without_a_request() -> None:
    await web.StreamResponse().prepare()  # error: call-arg, reportCallIssue


def stream_with_a_body() -> None:
    web.StreamResponse(body=b"Hello")  # error: call-arg, reportCallIssue


def cookie_of_bytes(response: web.Response) -> None:
    response.set_cookie("name", b"Ada")  # error: arg-type, reportArgumentType


def cookie_with_a_misspelt_policy(response: web.Response) -> None:
    response.set_cookie("name", "Ada", samesite="laxx")  # error: arg-type, reportArgumentType


def file_of_bytes() -> None:
    web.FileResponse(b"Hello")  # error: arg-type, reportArgumentType


def redirect_without_a_place() -> None:
    raise web.HTTPFound  # error: call-arg, reportGeneralTypeIssues


def redirect_to_a_number() -> None:
    raise web.HTTPSeeOther(5)  # error: arg-type, reportArgumentType


def refusal_of_a_method_without_the_others() -> None:
    raise web.HTTPMethodNotAllowed("GET")  # error: call-arg, reportCallIssue


def exception_with_a_status() -> None:
    raise web.HTTPBadRequest(status=422)  # error: call-arg, reportCallIssue


def exception_with_a_number_as_reason() -> None:
    raise web.HTTPForbidden(reason=5)  # error: arg-type, reportArgumentType


# Event streams and background tasks


async def event_of_a_dict(  # only treadle: event streams
    response: web.EventSourceResponse,
) -> None:
    await response.send({"a": 1})  # error: arg-type, reportArgumentType


async def event_sent_without_await(  # only treadle: as above
    response: web.EventSourceResponse,
) -> None:
    response.send("text")  # error: unused-coroutine, reportUnusedCoroutine


async def events_that_are_not_called(  # only treadle: as above
    request: web.Request,
) -> web.EventSourceResponse:
    async def events() -> AsyncIterator[str]:
        yield "text"

    return web.EventSourceResponse(events)  # error: arg-type, reportArgumentType


async def task_of_a_function(request: web.Request) -> None:  # only treadle: background tasks
    async def work() -> None:
        pass

    print(request.app.spawn(work))  # error: arg-type, reportArgumentType


async def task_behind_the_response_with_a_wrong_argument(  # only treadle: as above
    request: web.Request,
) -> None:
    async def work(number: int) -> None:
        print(number)

    request.after_response(work, "1")  # error: arg-type, reportArgumentType


# WebSockets


async def websocket_text_of_bytes(ws: web.WebSocketResponse) -> None:
    await ws.send_str(b"Hello")  # error: arg-type, reportArgumentType


async def websocket_bytes_of_text(ws: web.WebSocketResponse) -> None:
    await ws.send_bytes("Hello")  # error: arg-type, reportArgumentType


async def websocket_sent_without_await(ws: web.WebSocketResponse) -> None:
    ws.send_str("Hello")  # error: unused-coroutine, reportUnusedCoroutine


async def websocket_json_without_await(ws: web.WebSocketResponse) -> None:
    ws.send_json({"a": 1})  # error: unused-coroutine, reportUnusedCoroutine


async def websocket_prepared_without_await(request: web.Request) -> None:
    web.WebSocketResponse().prepare(request)  # error: unused-coroutine, reportUnusedCoroutine


async def websocket_message_not_looked_at(ws: web.WebSocketResponse) -> None:
    async for message in ws:
        text = message.data
        text.upper()  # error: union-attr, reportAttributeAccessIssue, reportOptionalMemberAccess


async def websocket_text_used_as_bytes(ws: web.WebSocketResponse) -> None:
    message = await ws.receive()
    if message.type is web.WSMsgType.TEXT:
        print(message.data.decode())  # error: attr-defined, reportAttributeAccessIssue


async def websocket_binary_used_as_text(ws: web.WebSocketResponse) -> None:
    async for message in ws:
        if message.type is web.WSMsgType.BINARY:
            await ws.send_str(message.data)  # error: arg-type, reportArgumentType


async def websocket_received_without_await(ws: web.WebSocketResponse) -> None:
    print(ws.receive_str().upper())  # error: attr-defined, reportAttributeAccessIssue


async def websocket_text_left_as_bytes(ws: "web.WebSocketResponse[Literal[False]]") -> None:
    print((await ws.receive_str()).encode())  # error: attr-defined, reportAttributeAccessIssue


def websocket_heartbeat_as_text() -> None:
    web.WebSocketResponse(heartbeat="30")  # error: call-overload, reportArgumentType


async def websocket_code_without_its_name(ws: web.WebSocketResponse) -> None:
    await ws.close(1001)  # error: call-arg, reportCallIssue


# Servers


def run_of_a_table() -> None:
    web.run_app(web.RouteTableDef(), port=8080)  # error: arg-type, reportArgumentType


def run_with_a_port_as_text() -> None:
    web.run_app(app, port="8080")  # error: arg-type, reportArgumentType


def run_with_a_misspelt_option() -> None:
    web.run_app(app, keepalive_timeut=5)  # error: call-arg, reportCallIssue


def runner_of_a_table() -> None:
    web.AppRunner(routes)  # error: arg-type, reportArgumentType


def runner_with_a_misspelt_option() -> None:
    web.AppRunner(app, acess_log=None)  # error: call-arg, reportCallIssue


def runner_with_an_option_of_a_wrong_type() -> None:
    web.AppRunner(app, keepalive_timeout="75")  # error: arg-type, reportArgumentType


async def runner_without_await() -> None:
    runner = web.AppRunner(app)
    runner.setup()  # error: unused-coroutine, reportUnusedCoroutine


async def site_of_an_application() -> None:
    await web.TCPSite(app, "localhost", 8080).start()  # error: arg-type, reportArgumentType


async def site_with_a_port_as_text(runner: web.AppRunner) -> None:
    await web.TCPSite(runner, "localhost", "8080").start()  # error: arg-type, reportArgumentType


async def site_that_is_not_started(runner: web.AppRunner) -> None:
    web.TCPSite(runner, "localhost", 8080).start()  # error: unused-coroutine, reportUnusedCoroutine


def access_logger_that_is_an_instance(logger: AbstractAccessLogger) -> None:
    web.AppRunner(app, access_log_class=logger)  # error: arg-type, reportArgumentType


class AccessLoggerWithoutTheTime(AbstractAccessLogger):
    def log(  # error: override, reportIncompatibleMethodOverride
        self, request: web.BaseRequest, response: web.StreamResponse
    ) -> None:
        print(request.path)


# Tests


def client_of_an_application() -> None:
    client = TestClient(app)  # error: call-overload, reportCallIssue, reportArgumentType
    print(client)


def client_without_async(client: TestClient[web.Request, web.Application]) -> None:
    with client:  # error: attr-defined, reportGeneralTypeIssues
        print(client.host)


async def client_response_without_await(client: TestClient[web.Request, web.Application]) -> None:
    response = client.get("/")
    print(response.status)  # error: attr-defined, reportAttributeAccessIssue


async def client_with_a_misspelt_option(client: TestClient[web.Request, web.Application]) -> None:
    await client.post("/", jsn={"a": 1})  # error: call-arg, reportCallIssue


async def client_with_text_as_a_flag(client: TestClient[web.Request, web.Application]) -> None:
    await client.get("/", allow_redirects="no")  # error: arg-type, reportArgumentType


async def client_text_without_await(client: TestClient[web.Request, web.Application]) -> None:
    response = await client.get("/")
    assert "Hello" in response.text()  # error: operator, reportOperatorIssue


async def server_with_a_port_as_text() -> None:
    await TestServer(app, port="8080").start_server()  # error: arg-type, reportArgumentType


async def startup_sent_without_an_application() -> None:
    await app.on_startup.send()  # error: call-arg, reportCallIssue
