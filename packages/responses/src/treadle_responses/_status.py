"""Facts about status codes: the reason phrase, and if the response can have content.

The phrases are a table of our own rather than the standard library's, which renamed some in Python
3.13: a response has the same status line on every version.
"""

from typing import Final

__all__ = [
    "REASONS",
    "RESET_CONTENT",
    "allows_no_length",
    "check_status",
    "default_reason",
    "must_be_empty",
]

#: RFC 9110 section 15.3.6: "a server MUST NOT generate content in a 205 response". Unlike 204 and
#: 304 it has a length, so that clients know where it ends: 0.
RESET_CONTENT: Final = 205

#: The IANA registry of HTTP status codes, with the names of RFC 9110. 306 is unused since RFC 7231,
#: 418 is only reserved there (the phrase is RFC 2324's), and 510 is obsolete.
REASONS: Final[dict[int, str]] = {
    100: "Continue",
    101: "Switching Protocols",
    102: "Processing",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    208: "Already Reported",
    226: "IM Used",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    305: "Use Proxy",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    418: "I'm a Teapot",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    423: "Locked",
    424: "Failed Dependency",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    510: "Not Extended",
    511: "Network Authentication Required",
}


def default_reason(status: int) -> str:
    """Return the reason phrase registered for ``status``, or ``""``."""
    return REASONS.get(status, "")


def check_status(status: int) -> int:
    """Return the status of a final response as an ``int``.

    A client that gets another 1xx than 101 waits for the final response, and would take the one to
    its next request for it. Raises ``ValueError`` for such a status and for one that is not from
    100 to 999, ``TypeError`` for a value that is not a number.
    """
    try:
        number = int(status)
    except TypeError:
        raise TypeError(f"status must be an int such as 200, got {status!r}") from None
    except (ValueError, OverflowError):
        raise ValueError(f"status must be an int such as 200, got {status!r}") from None
    if not 100 <= number <= 999:
        raise ValueError(f"A status code has three digits (100 to 999), got {status!r}")
    if number < 200 and number != 101:
        raise ValueError(
            f"{number} is the status of an interim response, which no handler returns: return a "
            f"final one, and send this before it with request.send_informational({number})"
        )
    return number


def allows_no_length(method: str, status: int) -> bool:
    """Return True if a response has no Content-Length or Transfer-Encoding (RFC 9110 section 8.6).

    A 304 may have the length of the 200 that it stands for, but needs none.
    """
    return (
        status in (204, 304) or 100 <= status < 200 or (method == "CONNECT" and 200 <= status < 300)
    )


def must_be_empty(method: str, status: int) -> bool:
    """Return True if the response to ``method`` has no content (RFC 9110 section 6.4.1)."""
    return method == "HEAD" or status == RESET_CONTENT or allows_no_length(method, status)
