"""Media types by file name, from a table of our own: a response must not depend on the machine.

The types are those of the IANA registry and of the web standards. Text that browsers run gets
``charset=utf-8``: without a charset they guess, and an attacker who writes part of a page can make
them guess one in which quotes do not end strings. To add an extension, add a word to a row.
"""

from typing import Final

__all__ = ["CODING_SUFFIXES", "MEDIA_TYPES", "guess_content_type"]

#: File name suffixes of the content codings, for precompressed files.
CODING_SUFFIXES: Final = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}

_OCTET_STREAM: Final = "application/octet-stream"
_UTF8: Final = "; charset=utf-8"
# The types that get it; others are sent as aiohttp sends them, since a file may have any charset.
_RUN_BY_BROWSERS: Final = frozenset({"text/css", "text/html", "text/javascript"})

# Type: extensions.
_TYPES: Final = {
    "application/atom+xml": "atom",
    "application/epub+zip": "epub",
    "application/geo+json": "geojson",
    "application/gzip": "gz tgz",
    "application/java-archive": "jar",
    "application/json": "json map",
    "application/ld+json": "jsonld",
    "application/manifest+json": "webmanifest",
    "application/msword": "doc",
    "application/octet-stream": "bin dmg exe img iso msi so dll dat",
    "application/ogg": "ogx",
    "application/pdf": "pdf",
    "application/postscript": "ai eps ps",
    "application/rss+xml": "rss",
    "application/rtf": "rtf",
    "application/toml": "toml",
    "application/vnd.amazon.ebook": "azw",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/vnd.google-earth.kml+xml": "kml",
    "application/vnd.google-earth.kmz": "kmz",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-fontobject": "eot",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.rar": "rar",
    "application/vnd.sqlite3": "sqlite db",
    "application/wasm": "wasm",
    "application/x-7z-compressed": "7z",
    "application/x-bzip2": "bz2",
    "application/x-compress": "Z",
    "application/x-sh": "sh",
    "application/x-tar": "tar",
    "application/x-xz": "xz",
    "application/xhtml+xml": "xhtml",
    "application/xml": "xml xsd xsl xslt",
    "application/yaml": "yaml yml",
    "application/zip": "zip whl",
    "application/zstd": "zst",
    "application/x-brotli": "br",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/midi": "mid midi",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "oga ogg opus",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "font/collection": "ttc",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "image/apng": "apng",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/jpeg": "jpg jpeg jpe jfif",
    "image/jxl": "jxl",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tif tiff",
    "image/vnd.microsoft.icon": "ico",
    "image/webp": "webp",
    "model/gltf+json": "gltf",
    "model/gltf-binary": "glb",
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/html": "html htm",
    "text/javascript": "js mjs cjs",
    "text/markdown": "md markdown",
    "text/plain": "txt text log ini cfg conf c h cpp hpp rs go ts tsx jsx sql diff patch",
    "text/tab-separated-values": "tsv",
    "text/vcard": "vcf",
    "text/vtt": "vtt",
    "text/x-python": "py",
    "video/3gpp": "3gp",
    "video/mp2t": "m2ts",
    "video/mp4": "mp4 m4v",
    "video/mpeg": "mpeg mpg",
    "video/ogg": "ogv",
    "video/quicktime": "mov qt",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
}

#: The media types of the table, without parameters.
MEDIA_TYPES: Final = frozenset(_TYPES)

_BY_EXTENSION: Final = {
    extension.lower(): media_type + _UTF8 if media_type in _RUN_BY_BROWSERS else media_type
    for media_type, extensions in _TYPES.items()
    for extension in extensions.split()
}


def guess_content_type(name: str) -> str:
    """Return the Content-Type for a file name, ``application/octet-stream`` if it is unknown."""
    _, dot, extension = name.rpartition(".")
    return _BY_EXTENSION.get(extension.lower(), _OCTET_STREAM) if dot else _OCTET_STREAM
