"""Redirects, and a login that sends its visitor back: ``HTTPFound`` is raised, not returned."""

from treadle import web

PAGE = """<!doctype html>
<form action="/login" method="post"><input name="user"> <button>Log in</button></form>
"""


async def home(request: web.Request) -> web.Response:
    user = request.cookies.get("user")
    if user is None:
        raise web.HTTPFound(request.app.router["login"].url_for())
    return web.Response(text=f"Hello, {user}")


async def login_form(request: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


async def login(request: web.Request) -> web.Response:
    data = await request.post()
    # 303: the browser asks for the next page with GET.
    answer = web.HTTPSeeOther(request.app.router["home"].url_for())
    # A real program keeps a session, not the name itself: see ``user_sessions``.
    answer.set_cookie("user", str(data.get("user", "")), httponly=True, samesite="Lax")
    raise answer


async def logout(request: web.Request) -> web.Response:
    answer = web.HTTPFound("/login")
    answer.del_cookie("user")
    raise answer


def init_func(argv: list[str]) -> web.Application:
    app = web.Application()
    app.router.add_get("/", home, name="home")
    app.router.add_get("/login", login_form, name="login")
    app.router.add_post("/login", login)
    app.router.add_get("/logout", logout)
    return app
