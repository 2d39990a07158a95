"""The value of Authorization for Basic authentication (RFC 7617 section 2)."""

from base64 import b64encode

__all__ = ["encode_basic_auth"]


def encode_basic_auth(login: str, password: str = "", encoding: str = "utf-8") -> str:
    """Return ``Basic`` and the credentials in ``encoding``, which must be the server's.

    Raises ``ValueError`` for a login with a colon, which would end it, for a control character in
    either, and for a character that ``encoding`` does not have.
    """
    if ":" in login:
        raise ValueError(f"A login cannot have a colon (at {login.index(':')}): it ends the login")
    credentials = f"{login}:{password}"
    for place, character in enumerate(credentials):
        if character < " " or character == "\x7f":
            # The position only: the characters around it may belong to a password.
            raise ValueError(
                f"Credentials cannot have {character!r} (at {place} of login:password)"
            )
    return "Basic " + b64encode(credentials.encode(encoding)).decode("ascii")
