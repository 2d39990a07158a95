import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request
from wsproto.extensions import PerMessageDeflate

from treadle_websocket import (
    Accept,
    AllowedOrigins,
    DeflatePolicy,
    Reject,
    ServerHandshake,
    WSMessageTypeError,
    WSValueError,
)

Fields = Callable[..., list[tuple[str, str]]]


def accepted(handshake: ServerHandshake, fields: list[tuple[str, str]]) -> Accept:
    decision = handshake.parse(fields)
    assert isinstance(decision, Accept), decision
    return decision


def test_the_example_of_the_rfc(request_fields: Fields) -> None:
    decision = accepted(ServerHandshake(), request_fields())
    assert decision.headers == (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    )
    assert decision.to_bytes() == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )
    assert (decision.status, decision.subprotocol, decision.deflate) == (101, None, None)


def test_fields_may_be_bytes_in_any_case(request_fields: Fields) -> None:
    fields = [(n.upper().encode(), f" {v}\t".encode()) for n, v in request_fields()]
    assert isinstance(ServerHandshake().parse(fields), Accept)


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": "WebSocket"},
        {"Upgrade": "h2c, websocket"},
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": "UPGRADE"},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Version": "7"},
        {"Origin": None},
        {"Sec_WebSocket_Extensions": "x-unknown; a=1"},
        {"Sec_WebSocket_Protocol": "not/a/token, \xff"},
    ],
)
def test_accepted(request_fields: Fields, changes: dict[str, str | None]) -> None:
    decision = accepted(ServerHandshake(), request_fields(**changes))
    assert dict(decision.headers)["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


KEY = "Sec-WebSocket-Key must be given once, 16 bytes in base64"
# Changed fields, status, body.
REFUSED: list[tuple[dict[str, str | None], int, str]] = [
    ({"Upgrade": None}, 400, "Upgrade must be 'websocket', not ''"),
    ({"Upgrade": "h2c"}, 400, "Upgrade must be 'websocket', not 'h2c'"),
    ({"Upgrade": "websocket/13"}, 400, "Upgrade must be 'websocket', not 'websocket/13'"),
    ({"Connection": None}, 400, "Connection must list 'Upgrade', not ''"),
    ({"Connection": "close"}, 400, "Connection must list 'Upgrade', not 'close'"),
    ({"Sec_WebSocket_Version": None}, 426, "Sec-WebSocket-Version must be 13, not ''"),
    ({"Sec_WebSocket_Version": "6"}, 426, "Sec-WebSocket-Version must be 13, not '6'"),
    ({"Sec_WebSocket_Version": "13.0"}, 426, "Sec-WebSocket-Version must be 13, not '13.0'"),
    ({"Sec_WebSocket_Version": "\xb9\xb3"}, 426, "must be 13, not '\\xb9\\xb3'"),
    ({"Sec_WebSocket_Key": None}, 400, KEY),
    ({"Sec_WebSocket_Key": ""}, 400, KEY),
    ({"Sec_WebSocket_Key": "c2hvcnQ="}, 400, KEY),
    ({"Sec_WebSocket_Key": base64.b64encode(b"x" * 17).decode()}, 400, KEY),
    ({"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=\xff"}, 400, KEY),
    ({"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25j!Q=="}, 400, KEY),
    ({"Sec_WebSocket_Extensions": "a b"}, 400, "Sec-WebSocket-Extensions is malformed"),
]


@pytest.mark.parametrize(("changes", "status", "text"), REFUSED)
def test_refused(
    request_fields: Fields, changes: dict[str, str | None], status: int, text: str
) -> None:
    decision = ServerHandshake().parse(request_fields(**changes))
    assert isinstance(decision, Reject)
    assert decision.status == status
    assert text in decision.body.decode("ascii")
    assert decision.error().status == status
    names = {"Sec-WebSocket-Version": "13", "Upgrade": "websocket"}
    offered = {name: value for name, value in decision.headers if name in names}
    assert offered == (names if status == 426 else {})


@pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "Sec-WebSocket-Version"])
def test_a_field_that_must_be_single_is_refused_twice(request_fields: Fields, name: str) -> None:
    fields = request_fields()
    decision = ServerHandshake().parse([*fields, (name, dict(fields)[name])])
    assert isinstance(decision, Reject)


def test_method_and_version(request_fields: Fields) -> None:
    decision = ServerHandshake().parse(request_fields(), method="POST")
    assert isinstance(decision, Reject)
    assert (decision.status, ("Allow", "GET") in decision.headers) == (405, True)
    decision = ServerHandshake().parse(request_fields(), http_version=(1, 0))
    assert isinstance(decision, Reject)
    assert decision.status == 400
    assert isinstance(ServerHandshake().parse(request_fields(), http_version=(2, 0)), Accept)


def test_a_refusal_as_bytes(request_fields: Fields) -> None:
    decision = ServerHandshake().parse(request_fields(Sec_WebSocket_Version="99"))
    assert isinstance(decision, Reject)
    assert decision.to_bytes() == (
        b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 44\r\n"
        b"Connection: close\r\n\r\nSec-WebSocket-Version must be 13, not '99'"
    ).replace(b"44", str(len(decision.body)).encode())


@pytest.mark.parametrize(
    ("server", "client", "chosen"),
    [
        (["chat", "superchat"], "superchat, chat", "superchat"),
        (["chat"], "superchat, chat", "chat"),
        (["chat"], "superchat", None),
        (["chat"], None, None),
        (["chat"], "CHAT", None),
        ([], "chat", None),
    ],
)
def test_subprotocols(
    request_fields: Fields, server: list[str], client: str | None, chosen: str | None
) -> None:
    handshake = ServerHandshake(subprotocols=server)
    decision = accepted(handshake, request_fields(Sec_WebSocket_Protocol=client))
    assert decision.subprotocol == chosen
    assert dict(decision.headers).get("Sec-WebSocket-Protocol") == chosen
    offered = () if client is None else tuple(name.strip() for name in client.split(","))
    assert decision.offered_subprotocols == offered


@pytest.mark.parametrize("name", ["", "a b", "a,b", "a\r\nb", "é"])
def test_a_subprotocol_must_be_a_token(name: str) -> None:
    with pytest.raises(WSValueError, match="must be a token"):
        ServerHandshake(subprotocols=[name])


def test_one_string_is_not_a_list_of_subprotocols() -> None:
    with pytest.raises(WSValueError, match=r"\['chat'\] for one"):
        ServerHandshake(subprotocols="chat")


def test_the_first_acceptable_offer_of_compression_wins(request_fields: Fields) -> None:
    offers = (
        "x-other, permessage-deflate; bad, "
        "permessage-deflate; server_max_window_bits=10, permessage-deflate"
    )
    decision = accepted(ServerHandshake(), request_fields(Sec_WebSocket_Extensions=offers))
    assert decision.deflate is not None
    assert decision.deflate.server_max_window_bits == 10
    answer = dict(decision.headers)["Sec-WebSocket-Extensions"]
    assert answer == "permessage-deflate; server_max_window_bits=10"
    decision = accepted(
        ServerHandshake(deflate=None), request_fields(Sec_WebSocket_Extensions=offers)
    )
    assert (decision.deflate, decision.extensions) == (None, ())


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"Origin": "https://good.test"}, True),
        ({"Origin": "https://evil.test"}, False),
        ({"Origin": "http://server.example.com"}, True),
        ({"Origin": None}, True),
        ({"Origin": None, "Sec_WebSocket_Origin": "https://evil.test"}, False),
        ({"Origin": "https://good.test", "Sec_WebSocket_Origin": "https://evil.test"}, False),
    ],
)
def test_origins(request_fields: Fields, changes: dict[str, str | None], allowed: bool) -> None:
    handshake = ServerHandshake(origins=AllowedOrigins(["https://good.test"], same_host=True))
    decision = handshake.parse(request_fields(**changes))
    assert isinstance(decision, Accept) is allowed
    if isinstance(decision, Reject):
        assert (decision.status, decision.reason) == (403, "Forbidden")
        assert decision.body.endswith(b"https://evil.test' may not connect here")


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    b"Upgrade",
                    b"Connection",
                    b"Sec-WebSocket-Key",
                    b"Sec-WebSocket-Version",
                    b"Sec-WebSocket-Protocol",
                    b"Sec-WebSocket-Extensions",
                    b"Origin",
                    b"Host",
                ]
            ),
            st.one_of(
                st.binary(max_size=30),
                st.sampled_from(
                    [
                        b"websocket",
                        b"Upgrade",
                        b"13",
                        b"dGhlIHNhbXBsZSBub25jZQ==",
                        b"permessage-deflate; client_max_window_bits",
                    ]
                ),
            ),
        ),
        max_size=12,
    )
)
def test_no_request_raises_or_smuggles(fields: list[tuple[str | bytes, str | bytes]]) -> None:
    handshake = ServerHandshake(subprotocols=["chat"], origins=AllowedOrigins(same_host=True))
    decision = handshake.parse(fields)
    head = decision.to_bytes().partition(b"\r\n\r\n")[0]
    assert head.isascii()
    for line in head.split(b"\r\n"):
        assert not {0, 10, 13} & set(line)


@settings(deadline=None, max_examples=50)
@given(st.integers(9, 15), st.integers(9, 15), st.booleans(), st.booleans(), st.integers(9, 15))
def test_wsproto_agrees_to_what_we_accept(
    client_bits: int, server_bits: int, client_off: bool, server_off: bool, policy_bits: int
) -> None:
    """Run the client of wsproto against the handshake, with its compression offers."""
    extension = PerMessageDeflate(client_off, client_bits, server_off, server_bits)
    client = WSConnection(ConnectionType.CLIENT)
    wire = client.send(Request("a.test", "/", extensions=[extension], subprotocols=["chat"]))
    lines = wire.decode().split("\r\n")[1:-2]
    fields = [(name, value) for name, _, value in (line.partition(":") for line in lines)]
    policy = DeflatePolicy(server_max_window_bits=policy_bits)
    decision = accepted(ServerHandshake(subprotocols=["chat"], deflate=policy), list(fields))
    client.receive_data(decision.to_bytes())
    (event,) = list(client.events())
    assert isinstance(event, AcceptConnection)
    assert event.subprotocol == "chat"
    agreed = decision.deflate
    assert agreed is not None
    assert extension.enabled()
    assert agreed.server_max_window_bits == min(server_bits, policy_bits)
    assert agreed.client_max_window_bits == client_bits
    assert agreed.server_no_context_takeover is server_off
    assert agreed.client_no_context_takeover is client_off


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"method": b"GET"}, r"parse\(method=b'GET'\) takes text, not bytes"),
        ({"method": None}, r"parse\(method=None\) takes text"),
        ({"http_version": "1.1"}, r"parse\(http_version='1.1'\) takes two numbers, such"),
        ({"http_version": 1.1}, r"parse\(http_version=1.1\) takes two numbers"),
        ({"http_version": (1,)}, r"parse\(http_version=\(1,\)\) takes two numbers"),
    ],
)
def test_arguments_of_another_type_are_named(options: dict[str, Any], text: str) -> None:
    with pytest.raises(WSMessageTypeError, match=text):
        ServerHandshake().parse([], **options)


@pytest.mark.parametrize(
    ("fields", "status", "subprotocol"),
    [
        ([], 101, None),
        ([(b"sec-websocket-protocol", b"x, b, a")], 101, "b"),
        ([(b"sec-websocket-protocol", b"x")], 101, None),
        ([(b"origin", b"https://example.com")], 101, None),
        ([(b"origin", b"https://elsewhere.example")], 403, None),
        # A WebSocket of HTTP/2 has neither of them: the server in front has looked.
        ([(b"upgrade", b"nonsense"), (b"sec-websocket-key", b"short")], 101, None),
    ],
)
def test_what_a_server_in_front_leaves_to_decide(
    fields: list[tuple[str | bytes, str | bytes]], status: int, subprotocol: str | None
) -> None:
    origins = AllowedOrigins(["https://example.com"])
    decision = ServerHandshake(subprotocols=["a", "b"], origins=origins).negotiate(fields)
    assert decision.status == status
    if isinstance(decision, Accept):
        assert (decision.subprotocol, decision.headers, decision.extensions) == (
            subprotocol,
            (),
            (),
        )
