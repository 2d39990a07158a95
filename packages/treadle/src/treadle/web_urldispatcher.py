"""The names of ``aiohttp.web_urldispatcher``."""

from typing import Final

from treadle_server import (
    AbstractResource,
    AbstractRoute,
    AbstractRuleMatching,
    Domain,
    DynamicResource,
    MaskDomain,
    MatchedSubAppResource,
    MatchInfoError,
    PlainResource,
    PrefixedSubAppResource,
    PrefixResource,
    Resource,
    ResourceRoute,
    StaticResource,
    SystemRoute,
    UrlDispatcher,
    UrlMappingMatchInfo,
    View,
)

from .helpers import DEBUG, DEFAULT_CHUNK_SIZE, IS_WINDOWS

__all__ = [
    "DEBUG",
    "DEFAULT_CHUNK_SIZE",
    "IS_WINDOWS",
    "PATH_SEP",
    "AbstractResource",
    "AbstractRoute",
    "AbstractRuleMatching",
    "Domain",
    "DynamicResource",
    "MaskDomain",
    "MatchInfoError",
    "MatchedSubAppResource",
    "PlainResource",
    "PrefixResource",
    "PrefixedSubAppResource",
    "Resource",
    "ResourceRoute",
    "StaticResource",
    "SystemRoute",
    "UrlDispatcher",
    "UrlMappingMatchInfo",
    "View",
]

#: The slash, as in a regular expression.
PATH_SEP: Final = "/"
