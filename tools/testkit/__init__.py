"""Helpers that the tests of several folders share: raw peers, servers on free ports, event loops.

pytest has ``tools`` on its path; nothing of this is installed with any package. An sdist has it
beside its tests.
"""

import importlib as _importlib
from typing import TYPE_CHECKING as _TYPE_CHECKING

from ._bytes import HOLD_NO_BYTES, KINDS_OF_BYTES
from ._clock import FakeClock
from ._descriptors import open_descriptors
from ._linear import assert_linear, growth
from ._loops import EVERY_LOOP, LOOPS, Run, each_loop, new_loop, run_on
from ._program import PATIENCE, Program
from ._public_api import check_public_api
from ._relay import Relay
from ._until import until

if _TYPE_CHECKING:
    from ._by_hand import KeepingWriter, fed_body, request_by_hand
    from ._channel import CONNECTION, FakeChannel, request_head
    from ._engine import SlowEngine
    from ._forms import FORM_NAMES, FormParts, form_server
    from ._handlers import GET, Act, Recorder, doing, echo_messages, hello
    from ._link import Link, run_link, turns
    from ._scopes import ScopeServer, http_scope, websocket_scope
    from ._streams import wait_streams_ended
    from ._tls import tls_contexts
    from ._transport import FakeTransport
    from ._websocket import KEY, frame, open_websocket, read_close, read_frame, upgrade_request
    from ._wire import Peer, connecting, serve

__all__ = [
    "CONNECTION",
    "EVERY_LOOP",
    "FORM_NAMES",
    "GET",
    "HOLD_NO_BYTES",
    "KEY",
    "KINDS_OF_BYTES",
    "LOOPS",
    "PATIENCE",
    "Act",
    "FakeChannel",
    "FakeClock",
    "FakeTransport",
    "FormParts",
    "KeepingWriter",
    "Link",
    "Peer",
    "Program",
    "Recorder",
    "Relay",
    "Run",
    "ScopeServer",
    "SlowEngine",
    "assert_linear",
    "check_public_api",
    "connecting",
    "doing",
    "each_loop",
    "echo_messages",
    "fed_body",
    "form_server",
    "frame",
    "growth",
    "hello",
    "http_scope",
    "new_loop",
    "open_descriptors",
    "open_websocket",
    "read_close",
    "read_frame",
    "request_by_hand",
    "request_head",
    "run_link",
    "run_on",
    "serve",
    "tls_contexts",
    "turns",
    "until",
    "upgrade_request",
    "wait_streams_ended",
    "websocket_scope",
]

#: Modules that import what is not there where a leaf is tested alone, treadle's packages above all.
_MODULES = (
    "._by_hand", "._channel", "._engine", "._forms", "._handlers", "._link", "._scopes",
    "._streams", "._tls", "._transport", "._websocket", "._wire",
)  # fmt: skip


def __getattr__(name: str) -> object:
    if name in __all__:
        for module in _MODULES:
            found = _importlib.import_module(module, __name__)
            if name in vars(found):
                value = globals()[name] = vars(found)[name]
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
