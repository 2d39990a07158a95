"""The requests that the programs of the quickstart are tried with, and their answers."""

from typing import Any, Final

__all__ = ["EXCHANGES", "Exchange"]

# Method, path, what is sent; the status, and the text or the part of it that comes back.
Exchange = tuple[str, str, dict[str, Any], int, str]

EXCHANGES: Final[dict[str, list[Exchange]]] = {
    "simple_server": [
        ("GET", "/", {}, 200, "Hello, world"),
        ("GET", "/nowhere", {}, 404, "404: Not Found"),
        ("POST", "/", {}, 405, "405: Method Not Allowed"),
    ],
    "handlers": [
        ("GET", "/", {}, 200, "read"),
        ("POST", "/", {"data": b"a thing"}, 201, "created: a thing"),
        ("PUT", "/", {}, 200, "replaced"),
    ],
    "route_tables": [
        ("GET", "/", {}, 200, "read"),
        ("POST", "/items", {}, 201, "created"),
        ("PUT", "/items/lamp", {}, 200, "PUT lamp"),
        ("PATCH", "/items/lamp", {}, 200, "PATCH lamp"),
        ("DELETE", "/items/lamp", {}, 405, "405: Method Not Allowed"),
    ],
    "any_method": [
        ("GET", "/path", {}, 200, "GET"),
        ("DELETE", "/path", {}, 200, "DELETE"),
        ("PROPFIND", "/path", {}, 200, "PROPFIND"),
    ],
    "head_requests": [
        ("GET", "/both", {}, 200, "a page"),
        ("HEAD", "/both", {}, 200, ""),
        ("GET", "/only-get", {}, 200, "a page"),
        ("HEAD", "/only-get", {}, 405, ""),
    ],
    "resources": [
        ("GET", "/explicit", {}, 200, "read"),
        ("POST", "/explicit", {}, 200, "written"),
        ("GET", "/merged", {}, 200, "read"),
        ("POST", "/merged", {}, 200, "written"),
    ],
    "variable_resources": [
        ("GET", "/a/Ada%20Lovelace/c", {}, 200, "Hello, Ada Lovelace"),
        ("GET", "/a/x/y/c", {}, 404, "404: Not Found"),
        ("GET", "/users/42", {}, 200, "User number 42"),
        ("GET", "/users/forty-two", {}, 404, "404: Not Found"),
        ("GET", "/files/a/b.txt", {}, 200, "File a/b.txt"),
    ],
    "reverse_urls": [
        ("GET", "/links", {}, 200, '"with a query": "/root?a=b&c=d"'),
        ("GET", "/links", {}, 200, '"with a part": "/john_doe/info"'),
        ("GET", "/links", {}, 200, '"with any part": "/Ada%20&%20co%2Fltd/info"'),
        ("GET", "/Ada%20&%20co%2Fltd/info", {}, 200, "About Ada & co/ltd"),
    ],
    "handler_classes": [
        ("GET", "/intro", {}, 200, "0 greeted so far"),
        ("GET", "/greet/Ada", {}, 200, "Hello, Ada"),
        ("GET", "/intro", {}, 200, "1 greeted so far"),
    ],
    "class_based_views": [
        ("GET", "/items", {}, 200, "[]"),
        ("POST", "/items", {"data": b"lamp"}, 201, '["lamp"]'),
        ("GET", "/status", {}, 200, "1 items"),
        ("PUT", "/items", {}, 405, "405: Method Not Allowed"),
    ],
    "resource_views": [
        ("GET", "/", {}, 200, '"resources": ["/", "/users/{id}", "/unnamed"]'),
        ("GET", "/", {}, 200, '"named": {"overview": "/", "user": "/users/{id}"}'),
        ("GET", "/", {}, 200, '"routes": ["HEAD overview", "GET overview", "GET user", "POST"]'),
    ],
    "json_response": [
        ("GET", "/", {}, 200, '{"status": "ok", "items": [1, 2, 3]}'),
        ("POST", "/total", {"json": [1, 2, 39]}, 200, '{"total": 42}'),
        ("POST", "/total", {"json": ["1"]}, 422, "Send a list of whole numbers"),
        ("POST", "/total", {"data": b"[1, 2,"}, 400, "line 1"),
        ("GET", "/now", {}, 200, '{"now": "20'),
    ],
    "user_sessions": [
        ("GET", "/", {}, 200, "First visit"),
        ("GET", "/", {}, 200, "Welcome back"),
    ],
    "http_forms": [
        ("GET", "/", {}, 200, "<form"),
        ("GET", "/search?q=a&q=b", {}, 200, "Searching for a, b"),
        ("GET", "/search", {}, 200, "Searching for nothing"),
        ("POST", "/login", {"data": {"login": "Ada", "password": "x"}}, 200, "Logged in as Ada"),
        ("POST", "/login", {"data": {"login": "Ada"}}, 400, "Give a login and a password"),
    ],
    "redirects": [
        ("GET", "/", {"allow_redirects": False}, 302, "302: Found"),
        ("GET", "/", {}, 200, "<form"),
        ("POST", "/login", {"data": {"user": "Ada"}}, 200, "Hello, Ada"),
        ("GET", "/logout", {}, 200, "<form"),
        ("GET", "/", {"allow_redirects": False}, 302, "302: Found"),
    ],
    "background_tasks": [
        ("GET", "/sent", {}, 200, "[]"),
        ("POST", "/sign-up", {"data": {"address": "ada@a.org"}}, 202, "A mail to ada@a.org is on"),
        ("GET", "/sent", {}, 200, '["ada@a.org"]'),
    ],
    "exceptions": [
        ("GET", "/own", {}, 403, "Members only"),
        ("GET", "/raise/HTTPOh", {}, 404, "There is no exception called HTTPOh"),
        ("GET", "/raise/HTTPException", {}, 404, "There is no exception called HTTPException"),
    ],
}  # fmt: skip
