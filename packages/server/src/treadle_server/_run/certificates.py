"""``create_ssl_context``: a context from a certificate's files, read again when they change."""

import functools
import logging
import os
import ssl
import time
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from treadle_server._core.errors import server_logger
from treadle_server._core.logs import log_event

__all__ = ["create_ssl_context"]

Path: TypeAlias = str | os.PathLike[str]

#: Seconds for which a look at the files is enough.
_FRESH: Final = 1.0


def create_ssl_context(
    certfile: Path,
    keyfile: Path | None = None,
    *,
    password: str | None = None,
    client_ca: Path | None = None,
) -> ssl.SSLContext:
    """Return a context for servers: TLS 1.2 and 1.3, HTTP/1.1 by ALPN, no renegotiation.

    ``certfile`` has the certificate and those between it and its authority, in PEM, and the private
    key too if there is no ``keyfile``. ``password`` opens an encrypted key. With ``client_ca``, a
    file of authorities, clients must have a certificate of one of them.

    The files are looked at when a client connects, at most once a second, and read again when one
    has changed: connections from then on have the new certificate. As long as they cannot be used,
    for example between the writes of two of them, the certificate stays that from before, and the
    log says why. Other settings of the context may be changed; ``sni_callback`` is used for this.

    Raises ``OSError`` for a file that cannot be read, and ``ValueError`` with the reason for files
    that are no certificate with its key.
    """
    files = _Files(os.fspath(certfile), _fspath(keyfile), password, _fspath(client_ca))
    context = _Context(ssl.PROTOCOL_TLS_SERVER)
    # First: what changes while the files are read is read again.
    facts = files.facts()
    files.load_into(context)
    context.watch(files, facts)
    return context


def _fspath(path: Path | None) -> str | None:
    return None if path is None else os.fspath(path)


class _Files:
    """The files of a certificate."""

    def __init__(
        self, certfile: str, keyfile: str | None, password: str | None, client_ca: str | None
    ) -> None:
        self.certfile: Final = certfile
        self.keyfile: Final = keyfile or certfile
        self.password: Final = password
        self.client_ca: Final = client_ca

    def facts(self) -> object:
        """Return a value that is another one when a file has changed, or is not there any more."""
        paths = [path for path in (self.certfile, self.keyfile, self.client_ca) if path]
        try:
            found = [os.stat(path) for path in paths]  # noqa: PTH116  # one call, no object
        except OSError as error:
            return str(error)
        return [(at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns) for at in found]

    def load_into(self, context: ssl.SSLContext) -> None:
        """Give the certificate to ``context``; raises as ``create_ssl_context`` does."""
        context.set_alpn_protocols(["http/1.1"])
        context.options |= ssl.OP_NO_RENEGOTIATION
        certificate = _read_pem(self.certfile, "certfile")
        if b"-----BEGIN CERTIFICATE-----" not in certificate:
            raise ValueError(
                f"certfile {self.certfile!r} has no certificate: none of its lines is"
                " '-----BEGIN CERTIFICATE-----'"
            )
        key = _read_pem(self.keyfile, "keyfile")
        if b"PRIVATE KEY-----" not in key:
            raise ValueError(
                f"keyfile {self.keyfile!r} has no private key: none of its lines is"
                " '-----BEGIN PRIVATE KEY-----'"
                if self.keyfile != self.certfile
                else f"certfile {self.certfile!r} has no private key: give its file as keyfile"
            )
        asked = False

        def give_password() -> str:
            nonlocal asked
            asked = True
            if self.password is None:
                # OpenSSL would ask on the terminal, or wait where there is none.
                raise ValueError(f"the key in {self.keyfile!r} is encrypted: give its password")
            return self.password

        try:
            context.load_cert_chain(self.certfile, self.keyfile, give_password)
        except ssl.SSLError as error:
            raise ValueError(self._explain(error, encrypted=asked)) from None
        if self.client_ca is not None:
            _read_pem(self.client_ca, "client_ca")
            try:
                context.load_verify_locations(self.client_ca)
            except ssl.SSLError as error:
                raise ValueError(
                    f"client_ca {self.client_ca!r} has no certificates of authorities: "
                    f"{error.reason or error}"
                ) from None
            context.verify_mode = ssl.CERT_REQUIRED

    def _explain(self, error: ssl.SSLError, *, encrypted: bool) -> str:
        if error.reason == "KEY_VALUES_MISMATCH":
            return (
                f"the key in {self.keyfile!r} is not that of the first certificate in"
                f" {self.certfile!r}: a server's own certificate comes first in its file"
            )
        if encrypted:
            return f"the password does not open the key in {self.keyfile!r}"
        what = f"{self.certfile!r} and {self.keyfile!r}"
        return f"OpenSSL cannot read the certificate and key in {what}: {error.reason or error}"


def _read_pem(path: str, name: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as the path was given
            return file.read()
    except OSError as error:
        raise OSError(error.errno, f"{name} cannot be read: {error.strerror}", path) from None


class _Context(ssl.SSLContext):
    """A context whose connections have the certificate that the files have now."""

    _files: _Files
    _clock: Callable[[], float]
    # The facts of the files when they were last read.
    _tried: object
    _looked: float
    # The one with the certificate, if it is no more that of this context.
    _current: ssl.SSLContext | None

    def watch(
        self, files: _Files, facts: object, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Look at the files from now on."""
        self._files = files
        self._clock = clock
        self._tried = facts
        self._looked = clock()
        self._current = None
        self.sni_callback = _choose

    def look(self) -> ssl.SSLContext | None:
        """Read the files again if they have changed; return the context that has them."""
        now = self._clock()
        if now - self._looked >= _FRESH:
            self._looked = now
            self._reload()
        return self._current

    def _reload(self) -> None:
        facts = self._files.facts()
        if facts == self._tried:
            return
        # Once for each state of the files: what cannot be used is not tried again.
        self._tried = facts
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            self._files.load_into(context)
        except (OSError, ValueError) as error:
            text = f"The certificate stays the one before: {error}"
            log_event(server_logger, logging.WARNING, text)
            return
        self._current = context
        name = self._files.certfile
        log_event(server_logger, logging.INFO, f"The new certificate in {name!r} is used now")

    def __reduce__(self) -> tuple[Any, ...]:
        """Make it anew from the files: for workers that are no copies of this process."""
        files = self._files
        make = functools.partial(
            create_ssl_context, password=files.password, client_ca=files.client_ca
        )
        return make, (files.certfile, files.keyfile)


def _choose(connection: ssl.SSLObject, _name: str | None, context: ssl.SSLContext) -> None:
    """Give a connection the certificate of today: OpenSSL calls this for each ClientHello."""
    assert isinstance(context, _Context)
    current = context.look()
    if current is not None:
        connection.context = current
