"""The TLS extension of ASGI: the facts of a connection's TLS session."""

import functools
import ssl
from typing import Any, Final

__all__ = ["tls_extension"]

_VERSIONS: Final = {"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304}

#: The short names of RFC 4514 section 3; others are written as OpenSSL names them.
_SHORT: Final = {
    "commonName": "CN", "localityName": "L", "stateOrProvinceName": "ST", "organizationName": "O",
    "organizationalUnitName": "OU", "countryName": "C", "streetAddress": "STREET",
    "domainComponent": "DC", "userId": "UID",
}  # fmt: skip


def tls_extension(ssl_object: ssl.SSLObject | ssl.SSLSocket) -> dict[str, object]:
    """Return the dictionary ``tls`` of a scope.

    ``server_cert`` is None: Python's contexts do not give their certificate away.
    """
    der = ssl_object.getpeercert(binary_form=True)
    facts = ssl_object.getpeercert() if der else None
    cipher = ssl_object.cipher()
    return {
        "server_cert": None,
        "client_cert_chain": _chain(ssl_object, der),
        "client_cert_name": _name(facts) if facts else None,
        "client_cert_error": None,
        "tls_version": _VERSIONS.get(ssl_object.version() or ""),
        "cipher_suite": None if cipher is None else _suites().get(cipher[0]),
    }


def _chain(ssl_object: ssl.SSLObject | ssl.SSLSocket, der: bytes | None) -> list[str]:
    """Return the client's certificate in PEM, and from Python 3.13 on its chain too."""
    if not der:
        return []
    chain = getattr(ssl_object, "get_unverified_chain", None)
    ders: list[bytes] = [der] if chain is None else list(chain())
    return [ssl.DER_cert_to_PEM_cert(each) for each in ders]


def _name(facts: Any) -> str:
    """Return the subject as RFC 4514 writes it, the last part first."""
    return ",".join(
        "+".join(f"{_SHORT.get(key, key)}={_escape(value)}" for key, value in group)
        for group in reversed(facts.get("subject", ()))
    )


def _escape(value: str) -> str:
    """Escape the special characters of RFC 4514 section 2.4."""
    text = "".join(f"\\{char}" if char in ',+"\\<>;' else char for char in value)
    if text.startswith(("#", " ")):
        text = f"\\{text}"
    if text.endswith(" ") and len(text) > 1:
        text = f"{text[:-1]}\\ "
    return text.replace("\0", "\\00")


@functools.cache
def _suites() -> dict[str, int]:
    """Return the numbers of the cipher suites that OpenSSL knows by its names of them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return {suite["name"]: suite["id"] & 0xFFFF for suite in context.get_ciphers()}
