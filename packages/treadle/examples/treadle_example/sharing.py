"""Shared notes: a page for anyone who has its link, until the link is withdrawn."""

from treadle import web

from .attachments import send_file
from .login import users_only
from .notes import note_of, note_url
from .pages import page
from .store import attachments, notes
from .store.database import DATABASE
from .store.users import User

__all__ = ["routes"]

routes = web.RouteTableDef()


@routes.post("/notes/{note:[0-9]{1,15}}/share", name="share")
@users_only
async def share(request: web.Request, user: User) -> web.Response:
    """Give a note a link."""
    note = await note_of(request, user)
    await request.app[DATABASE].write(notes.share, note)
    raise web.HTTPSeeOther(note_url(request, note, "shared"))


@routes.post("/notes/{note:[0-9]{1,15}}/withdraw", name="withdraw")
@users_only
async def withdraw(request: web.Request, user: User) -> web.Response:
    """Take the link away: it is a 404 from here on."""
    note = await note_of(request, user)
    await request.app[DATABASE].write(notes.withdraw, note)
    raise web.HTTPSeeOther(note_url(request, note, "withdrawn"))


async def _shared_note(request: web.Request) -> notes.Note:
    note = await request.app[DATABASE].read(notes.find_shared, request.match_info["token"])
    if note is None:
        raise web.HTTPNotFound
    return note


@routes.get("/shared/{token:[\\w-]{1,64}}", name="shared")
async def show(request: web.Request) -> web.Response:
    """Show a note to everybody."""
    note = await _shared_note(request)
    files = await request.app[DATABASE].read(attachments.listed, note.id)
    return page(request, "shared.html", note=note, files=files)


@routes.get("/shared/{token:[\\w-]{1,64}}/files/{file:[0-9a-f]{32}}", name="shared_file")
async def download(request: web.Request) -> web.FileResponse:
    """Send a file of a shared note."""
    return await send_file(request, await _shared_note(request))
