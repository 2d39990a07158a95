"""The fields of forms as text."""

from treadle import web

__all__ = ["texts"]


async def texts(request: web.Request, *names: str) -> list[str]:
    """Return the named fields of a form, without blanks around them.

    A foreign form may have a file there, or no such field: that is an empty text. Browsers send
    line ends as CR LF.
    """
    form = await request.post()
    values = (form.get(name) for name in names)
    return [v.strip().replace("\r\n", "\n") if isinstance(v, str) else "" for v in values]
