"""Attachments: uploads that are streamed to the disk, and downloads that run nothing."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from treadle import BodyPartReader, web

from . import live
from .login import users_only
from .notes import note_of, note_url
from .store import attachments
from .store.attachments import FILES
from .store.database import DATABASE
from .store.notes import Note
from .store.users import User

__all__ = ["routes", "send_file"]

_CHUNK = 256 * 1024
#: The parts of a form around its files: names and boundaries.
_FORM = 64 * 1024

routes = web.RouteTableDef()


@routes.post("/notes/{note:[0-9]{1,15}}/files", name="files")
@users_only
async def upload(request: web.Request, user: User) -> web.Response:
    """Add the files of a form to a note: all of them, or none."""
    note = await note_of(request, user)
    database = request.app[DATABASE]
    room = attachments.MAX_TOTAL - await database.read(attachments.used, user.id)
    # A client that says how much it will send is refused before it does.
    _check_size(request.content_length or 0, room + _FORM)
    with ExitStack() as stack:
        added: list[attachments.Attachment] = []
        async for part in await request.multipart():
            # A file input without a chosen file sends an empty name.
            if isinstance(part, BodyPartReader) and part.filename:
                file = await _receive(request.app[FILES], part, note, room, stack)
                room -= file.size
                added.append(file)
        # The transaction ends even if this handler is cancelled: from here on it has the files.
        written = stack.pop_all()
    if not await database.write(attachments.add, note, added):
        written.close()
        raise web.HTTPConflict(text="409: the note is gone, or your room for files is used up")
    await live.tell_list(request, user.id)
    raise web.HTTPSeeOther(note_url(request, note) + "#files")


async def _receive(
    folder: Path, part: BodyPartReader, note: Note, room: int, stack: ExitStack
) -> attachments.Attachment:
    """Write a file of a form; ``stack`` removes it if the form is refused."""
    file_id = attachments.new_id()
    with attachments.new_file(folder / file_id) as file:
        size = 0
        begin = b""
        while chunk := await part.read_chunk(_CHUNK):
            size += len(chunk)
            _check_size(size, min(attachments.MAX_FILE, room))
            begin = (begin + chunk)[:16] if len(begin) < 16 else begin
            # The disk may be slow, and other clients do not wait for it.
            await asyncio.to_thread(file.write, chunk)
    stack.callback(attachments.remove_files, folder, [file_id])
    name = part.safe_filename or "file"
    return attachments.Attachment(file_id, note.id, name, attachments.image_type(begin), size)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise web.HTTPRequestEntityTooLarge(
            limit,
            text=f"413: a file has up to {attachments.MAX_FILE >> 20} MiB, and all of yours "
            f"together {attachments.MAX_TOTAL >> 20} MiB",
        )


async def send_file(request: web.Request, note: Note) -> web.FileResponse:
    """Return the file in the path, one of ``note``.

    Browsers show images, and save everything else: HTML of a stranger would be a page of ours.
    """
    file = await request.app[DATABASE].read(attachments.find, note, request.match_info["file"])
    if file is None:
        raise web.HTTPNotFound
    return web.FileResponse(
        request.app[FILES] / file.id,
        filename=file.name,
        attachment=not file.media_type,
        headers={
            "Content-Type": file.media_type or "application/octet-stream",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
        cache_control="private, no-cache",
        precompressed=False,
    )


@routes.get("/notes/{note:[0-9]{1,15}}/files/{file:[0-9a-f]{32}}", name="file")
@users_only
async def download(request: web.Request, user: User) -> web.FileResponse:
    """Send a file of a note."""
    return await send_file(request, await note_of(request, user))


@routes.post("/notes/{note:[0-9]{1,15}}/files/{file:[0-9a-f]{32}}/delete", name="delete_file")
@users_only
async def delete(request: web.Request, user: User) -> web.Response:
    """Delete a file of a note."""
    note = await note_of(request, user)
    database = request.app[DATABASE]
    file = await database.read(attachments.find, note, request.match_info["file"])
    if file is None:
        raise web.HTTPNotFound
    await database.write(attachments.delete, file)
    await asyncio.to_thread(attachments.remove_files, request.app[FILES], [file.id])
    raise web.HTTPSeeOther(note_url(request, note) + "#files")
