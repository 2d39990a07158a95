"""The pages of notes: the list and the search, a note, and everything that changes it."""

import asyncio

from treadle import limits, web

from . import live
from .forms import texts
from .login import users_only
from .pages import page
from .store import attachments, notes
from .store.database import DATABASE
from .store.users import User

__all__ = ["note_of", "note_url", "routes"]

routes = web.RouteTableDef()

_MESSAGES = {"saved": "Saved.", "shared": "Shared.", "withdrawn": "Not shared any more."}


async def note_of(request: web.Request, user: User) -> notes.Note:
    """Return the note in the path; 404 also if it is another user's."""
    number = int(request.match_info["note"])
    note = await request.app[DATABASE].read(notes.find, user.id, number)
    if note is None:
        raise web.HTTPNotFound
    return note


def note_url(request: web.Request, note: notes.Note, done: str = "") -> str:
    """Return the address of a note's page, which then says what was done."""
    url = request.app.router["note"].url_for(note=str(note.id))
    return str(url.with_query(done=done) if done else url)


async def note_page(
    request: web.Request, note: notes.Note, status: int = 200, **values: object
) -> web.Response:
    """Return the page of a note, whose form may have other values than the note."""
    files = await request.app[DATABASE].read(attachments.listed, note.id)
    shown: dict[str, object] = {
        "note": note,
        "title": note.title,
        "text": note.text,
        "version": note.version,
        "files": files,
        "message": _MESSAGES.get(request.query.get("done", ""), ""),
        "error": "",
        "theirs": None,
        "max_file": attachments.MAX_FILE,
        "origin": request.url.origin(),
    }
    return page(request, "note.html", status, **(shown | values))


@routes.get("/notes", name="notes")
@users_only
async def show_list(request: web.Request, user: User) -> web.Response:
    """Show the notes of the user, or those with the words of ``q``."""
    # The query may hold bytes that are not UTF-8.
    words = request.query.get("q", "").encode("utf-8", "replace").decode().strip()
    found = await request.app[DATABASE].read(notes.listed, user.id, words)
    return page(request, "notes.html", notes=found, words=words)


@routes.get("/notes/new", name="new_note")
@users_only
async def show_new(request: web.Request, user: User) -> web.Response:
    """Show an empty form."""
    return page(request, "new_note.html", title="", text="", error="")


@routes.post("/notes")
@limits.limited("60/minute", name="notes")
@users_only
async def add(request: web.Request, user: User) -> web.Response:
    """Add a note."""
    title, text = await texts(request, "title", "text")
    if error := notes.problem(title, text):
        return page(request, "new_note.html", 422, title=title, text=text, error=error)
    note = await request.app[DATABASE].write(notes.add, user.id, title, text)
    await live.tell_list(request, user.id)
    # Behind a form comes a redirect, so that a reload does not send it again.
    raise web.HTTPSeeOther(note_url(request, note, "saved"))


@routes.get("/notes/{note:[0-9]{1,15}}", name="note")
@users_only
async def show(request: web.Request, user: User) -> web.Response:
    """Show a note as the form that changes it."""
    return await note_page(request, await note_of(request, user))


@routes.post("/notes/{note:[0-9]{1,15}}")
@users_only
async def save(request: web.Request, user: User) -> web.Response:
    """Save a note, unless it has been changed since the form was made: then show both texts."""
    note = await note_of(request, user)
    title, text, version = await texts(request, "title", "text", "version")
    if error := notes.problem(title, text):
        # With the version that the form had: what was saved meanwhile is still not overwritten.
        typed = {"title": title, "text": text, "version": version}
        return await note_page(request, note, 422, **typed, error=error)
    known = int(version) if version.isascii() and version.isdigit() and len(version) < 16 else 0
    saved = await request.app[DATABASE].write(notes.save, note, known, title, text)
    if saved is None:
        now = await note_of(request, user)
        error = "This note was changed in another window. Save again to replace that text."
        return await note_page(request, now, 409, title=title, text=text, error=error, theirs=now)
    await live.tell_saved(request, saved)
    raise web.HTTPSeeOther(note_url(request, saved, "saved"))


@routes.post("/notes/{note:[0-9]{1,15}}/delete", name="delete_note")
@users_only
async def delete(request: web.Request, user: User) -> web.Response:
    """Delete a note and its files."""
    note = await note_of(request, user)
    files = await request.app[DATABASE].write(notes.delete, note.id)
    await asyncio.to_thread(attachments.remove_files, request.app[attachments.FILES], files)
    await live.tell_deleted(request, note)
    raise web.HTTPSeeOther(request.app.router["notes"].url_for())
