"""Multipart and form parsing for any framework: bytes in, events, fields and files out.

Read a whole form with ``parse_form`` (or ``parse_form_async``, ``parse_wsgi_form``,
``parse_asgi_form``):

>>> from treadle_multipart import parse_form
>>> body = b'--x\\r\\nContent-Disposition: form-data; name="city"\\r\\n\\r\\nBern\\r\\n--x--\\r\\n'
>>> with parse_form("multipart/form-data; boundary=x", body) as form:
...     form.text("city")
'Bern'

or push bytes through the parser beneath, which does no I/O:

>>> from treadle_multipart import MultipartParser
>>> parser = MultipartParser("x")
>>> for event in parser.receive_data(body) + parser.receive_eof():
...     print(event)
PartBegin((('Content-Disposition', 'form-data; name="city"'),), disposition='form-data', \
name='city', filename=None)
PartData(b'Bern')
PartEnd()
End()
"""

from ._adapters import (
    Offload,
    Readable,
    aiter_events,
    iter_events,
    parse_asgi_form,
    parse_form,
    parse_form_async,
    parse_wsgi_form,
)
from ._charset import text_codec
from ._decode import PartDecoder
from ._disposition import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    parse_content_disposition,
)
from ._encode import MultipartBody, MultipartEncoder, quote_name
from ._errors import (
    COMMON_LENIENCIES,
    HeaderTooLargeError,
    Leniency,
    LimitError,
    MalformedError,
    MemoryLimitError,
    MultipartError,
    NameTooLongError,
    NestedTooDeepError,
    PartTooLargeError,
    TooManyFieldsError,
    TooManyFilesError,
    TooManyHeadersError,
    TooManyPartsError,
    TotalTooLargeError,
    UndecodableTextError,
    UnknownCharsetError,
    UnknownCodingError,
    UnsupportedError,
    UsageError,
)
from ._events import End, Event, Headers, PartBegin, PartData, PartEnd
from ._filename import safe_filename
from ._form import Form, FormFile, FormValue, StreamedPart, Target, UploadTarget
from ._formparser import FormParser, TargetFor
from ._limits import MultipartLimits
from ._options import boundary_of, parse_options_header
from ._parser import MultipartParser
from ._scanner import PartScanner
from ._spool import Spool, SpoolPolicy
from ._urlencoded import Pair, UrlencodedParser, parse_urlencoded
from ._version import __version__

__all__ = [
    "COMMON_LENIENCIES",
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "End",
    "Event",
    "Form",
    "FormFile",
    "FormParser",
    "FormValue",
    "HeaderTooLargeError",
    "Headers",
    "Leniency",
    "LimitError",
    "MalformedError",
    "MemoryLimitError",
    "MultipartBody",
    "MultipartEncoder",
    "MultipartError",
    "MultipartLimits",
    "MultipartParser",
    "NameTooLongError",
    "NestedTooDeepError",
    "Offload",
    "Pair",
    "PartBegin",
    "PartData",
    "PartDecoder",
    "PartEnd",
    "PartScanner",
    "PartTooLargeError",
    "Readable",
    "Spool",
    "SpoolPolicy",
    "StreamedPart",
    "Target",
    "TargetFor",
    "TooManyFieldsError",
    "TooManyFilesError",
    "TooManyHeadersError",
    "TooManyPartsError",
    "TotalTooLargeError",
    "UndecodableTextError",
    "UnknownCharsetError",
    "UnknownCodingError",
    "UnsupportedError",
    "UploadTarget",
    "UrlencodedParser",
    "UsageError",
    "__version__",
    "aiter_events",
    "boundary_of",
    "content_disposition_filename",
    "iter_events",
    "parse_asgi_form",
    "parse_content_disposition",
    "parse_form",
    "parse_form_async",
    "parse_options_header",
    "parse_urlencoded",
    "parse_wsgi_form",
    "quote_name",
    "safe_filename",
    "text_codec",
]
