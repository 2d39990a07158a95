"""HTTP forms: the query of GET, the body of POST."""

from treadle import web

PAGE = """<!doctype html>
<form action="/login" method="post">
  <label>Login <input name="login" autofocus></label>
  <label>Password <input name="password" type="password"></label>
  <button>Log in</button>
</form>
"""


async def form(request: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


async def search(request: web.Request) -> web.Response:
    words = request.query.getall("q", [])
    return web.Response(text=f"Searching for {', '.join(words) or 'nothing'}")


async def login(request: web.Request) -> web.Response:
    data = await request.post()
    name = data.get("login", "")
    if not name or not data.get("password"):
        raise web.HTTPBadRequest(text="Give a login and a password")
    return web.Response(text=f"Logged in as {name!s}")


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/", form), web.get("/search", search), web.post("/login", login)])
    return app
