"""Pages: a template and its values in, a response out."""

from pathlib import Path

import jinja2

from treadle import web

from .login import USER

__all__ = ["TEMPLATES", "environment", "page"]

#: The templates of an application.
TEMPLATES = web.AppKey("templates", jinja2.Environment)


def environment() -> jinja2.Environment:
    """Return the templates: values are escaped, and one that is missing is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(request: web.Request, template: str, status: int = 200, **values: object) -> web.Response:
    """Return the page that a template makes of the values.

    Templates also have ``user``, None for a visitor, and ``url``, the address of a route.
    """
    router = request.app.router

    def url(route: str, **parts: object) -> str:
        return str(router[route].url_for(**{name: str(part) for name, part in parts.items()}))

    text = (
        request.app[TEMPLATES]
        .get_template(template)
        .render(values, user=request.get(USER), url=url, path=request.path)
    )
    # A page of a user is not for the next one at this machine.
    return web.html_response(text, status=status, headers={"Cache-Control": "no-store"})
