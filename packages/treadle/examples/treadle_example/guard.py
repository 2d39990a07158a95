"""Protect visitors from other sites: check where a form comes from, and add security headers."""

from treadle import web

__all__ = ["add_fields", "same_origin"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = web.AllowedOrigins(same_host=True, missing=False)

#: Everything on a page is a file of ours: no text that a user has written becomes a script.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_FIELDS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # The address of a shared note is a secret that other sites must not get.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


async def add_fields(request: web.Request, response: web.StreamResponse) -> None:
    """Add the fields to an answer that has no such field: a receiver of ``on_response_prepare``.

    A middleware would come too late for event streams and for answers of mounts.
    """
    for name, value in _FIELDS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def same_origin(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    """Refuse what changes something unless a page of this site, or a program, has sent it.

    Browsers send the cookie of a visitor with the forms of any page (CSRF). They also say where a
    form comes from, in fields that no page can write: Sec-Fetch-Site, or Origin where that is
    missing. A program says ``Origin: http://localhost:8080`` as a browser would.
    """
    if request.method not in _SAFE:
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if not (site == "same-origin" if site else _OWN.allows(origin, request.host)):
            told = f"site {site!r}" if site else f"origin {origin!r}"
            raise web.HTTPForbidden(
                text=f"403: this must be sent by a page of http(s)://{request.host}, and came from "
                f"{told}. Open the page and send the form from there"
            )
    return await handler(request)
