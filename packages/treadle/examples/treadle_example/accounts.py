"""Accounts: sign up, log in, log out."""

from treadle import limits, web

from .forms import texts
from .login import USER, forget, log_in
from .pages import page
from .passwords import MAX_PASSWORD, MIN_PASSWORD, Passwords
from .store import users
from .store.database import DATABASE

__all__ = ["MAX_NAME", "PASSWORDS", "routes"]

PASSWORDS = web.AppKey("passwords", Passwords)
MAX_NAME = 40

routes = web.RouteTableDef()


def _way_back(request: web.Request) -> str:
    """Return the path to go on with: one of this site, whatever ``next`` says."""
    path = request.query.get("next", "")
    # "//example.com" and "/\example.com" are other sites to a browser.
    if path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable():
        return path
    return str(request.app.router["notes"].url_for())


async def _welcome(request: web.Request, user: users.User) -> web.Response:
    # A response rather than an exception: it takes the cookie.
    response = web.Response(status=303, headers={"Location": _way_back(request)})
    await log_in(request, user, response)
    return response


@routes.get("/signup", name="signup")
async def show_signup(request: web.Request) -> web.Response:
    """Show the form for a new account."""
    return page(request, "signup.html", name="", error="")


@routes.post("/signup")
@limits.limited("10/minute", name="signup")
async def sign_up(request: web.Request) -> web.Response:
    """Make an account, and log in."""
    name, _ = await texts(request, "name", "password")
    # Blanks belong to a password.
    password = str((await request.post()).get("password", ""))
    error = ""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        error = f"A name has 1 to {MAX_NAME} visible characters."
    elif not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        error = f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters."
    if not error:
        hashed = await request.app[PASSWORDS].hashed(password)
        user = await request.app[DATABASE].write(users.add, name, hashed)
        if user is not None:
            return await _welcome(request, user)
        error = f"The name {name} is taken."
    return page(request, "signup.html", 422, name=name, error=error)


@routes.get("/login", name="login")
async def show_login(request: web.Request) -> web.Response:
    """Show the form for name and password."""
    return page(request, "login.html", name="", error="")


@routes.post("/login")
@limits.limited("10/minute; burst=5", name="login", fail="closed")
async def check_login(request: web.Request) -> web.Response:
    """Log in; an answer does not tell if it was the name or the password that is wrong."""
    name, _ = await texts(request, "name", "password")
    password = str((await request.post()).get("password", ""))[:MAX_PASSWORD]
    found = await request.app[DATABASE].read(users.find, name[:MAX_NAME])
    user, hashed = found or (None, None)
    if await request.app[PASSWORDS].matches(password, hashed) and user is not None:
        return await _welcome(request, user)
    error = "There is no account with this name and password."
    return page(request, "login.html", 422, name=name, error=error)


@routes.post("/logout", name="logout")
async def log_out(request: web.Request) -> web.Response:
    """End the session."""
    response = web.Response(
        status=303, headers={"Location": str(request.app.router["home"].url_for())}
    )
    await forget(request, response)
    return response


@routes.get("/", name="home")
async def home(request: web.Request) -> web.Response:
    """Say what this is; users have their notes instead."""
    if USER in request:
        raise web.HTTPSeeOther(request.app.router["notes"].url_for())
    return page(request, "home.html")
