"""The notes as JSON, for scripts that have logged in: the same session, the same checks."""

import json

from treadle import limits, web

from . import live
from .login import users_only
from .notes import note_of
from .store import notes
from .store.database import DATABASE
from .store.users import User

__all__ = ["routes"]

routes = web.RouteTableDef()


def _as_json(note: notes.Note) -> dict[str, object]:
    return {
        "id": note.id,
        "title": note.title,
        "text": note.text,
        "version": note.version,
        "changed": note.changed.isoformat(),
    }


@routes.get("/api/notes", name="api_notes")
@users_only
async def listed(request: web.Request, user: User) -> web.Response:
    """Return the notes of the user."""
    found = await request.app[DATABASE].read(notes.listed, user.id)
    return web.json_response([_as_json(note) for note in found])


@routes.post("/api/notes")
@limits.limited("60/minute", name="notes")
@users_only
async def add(request: web.Request, user: User) -> web.Response:
    """Add the note ``{"title": "...", "text": "..."}``."""
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"400: the body is not JSON: {error}") from error
    title, text = (body.get("title"), body.get("text", "")) if isinstance(body, dict) else (0, 0)
    if not isinstance(title, str) or not isinstance(text, str):
        raise web.HTTPUnprocessableEntity(
            text='422: a note is {"title": "...", "text": "..."}, with two texts'
        )
    if wrong := notes.problem(title.strip(), text):
        raise web.HTTPUnprocessableEntity(text=f"422: {wrong}")
    note = await request.app[DATABASE].write(notes.add, user.id, title.strip(), text)
    await live.tell_list(request, user.id)
    location = request.app.router["api_note"].url_for(note=str(note.id))
    return web.json_response(_as_json(note), status=201, headers={"Location": str(location)})


@routes.get("/api/notes/{note:[0-9]{1,15}}", name="api_note")
@users_only
async def show(request: web.Request, user: User) -> web.Response:
    """Return a note."""
    return web.json_response(_as_json(await note_of(request, user)))
