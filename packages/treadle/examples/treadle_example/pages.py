"""The pages of the example as text: values in, HTML out, every value escaped."""

from collections.abc import Iterable, Mapping
from html import escape

__all__ = [
    "chat_page",
    "events_page",
    "greeting_page",
    "guestbook_page",
    "home_page",
    "not_found_page",
    "upload_page",
]


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · treadle</title>"
        '<link rel="icon" href="/static/treadle.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/static/style.css"></head><body>'
        f'<header><a href="/">treadle</a></header><main>{body}</main></body></html>'
    )


def home_page(links: Mapping[str, tuple[str, str]]) -> str:
    """Return the start page; ``links`` maps a title to a URL and a description."""
    items = "".join(
        f'<dt><a href="{escape(url)}">{escape(title)}</a></dt><dd>{escape(text)}</dd>'
        for title, (url, text) in links.items()
    )
    return _page(
        "It works", f"<h1>It works</h1><p>What this server can show so far:</p><dl>{items}</dl>"
    )


def greeting_page(name: str) -> str:
    """Return a greeting for the name in the path."""
    return _page(
        f"Hello, {name}",
        f"<h1>Hello, {escape(name)}!</h1>"
        "<p>The name came out of the path: <code>/hello/{name}</code>. "
        "Change it in the address bar.</p>",
    )


def guestbook_page(
    entries: Iterable[tuple[str, str]], name: str = "", message: str = "", error: str = ""
) -> str:
    """Return the guest book with its form; the other values refill it after an error."""
    notice = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    listed = "".join(
        f"<article><strong>{escape(author)}</strong><p>{escape(text)}</p></article>"
        for author, text in entries
    )
    return _page(
        "Guest book",
        f"<h1>Guest book</h1>{notice}"
        '<form method="post">'
        f'<label>Name<input name="name" value="{escape(name)}" autocomplete="name"></label>'
        f'<label>Message<textarea name="message" rows="3">{escape(message)}</textarea></label>'
        "<button>Sign</button></form>"
        f"<section>{listed or '<p>Nobody has signed yet.</p>'}</section>",
    )


_CHAT_SCRIPT = """
const form = document.querySelector("form"), lines = document.querySelector("section");
const state = document.querySelector("[role=status]");
let socket;
function connect() {
  const url = new URL(form.dataset.talk, location);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.onopen = () => { lines.replaceChildren(); };
  socket.onmessage = (event) => {
    const said = JSON.parse(event.data);
    if ("online" in said) {
      state.textContent = said.online === 1 ? "You are alone here." : `${said.online} are here.`;
      return;
    }
    const line = document.createElement("article");
    line.append(document.createElement("strong"), document.createElement("p"));
    line.firstChild.textContent = said.name;
    line.lastChild.textContent = said.text;
    lines.prepend(line);
  };
  socket.onclose = () => {
    state.textContent = "Not connected; trying again.";
    setTimeout(connect, 1000);
  };
}
form.onsubmit = (event) => {
  event.preventDefault();
  const {name, text} = form.elements;
  if (text.value.trim() && socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({name: name.value.trim(), text: text.value.trim()}));
    text.value = "";
  }
  text.focus();
};
connect();
"""


def chat_page(talk: str, backend: str) -> str:
    """Return the chat; its script opens a WebSocket to the path ``talk``.

    ``backend`` tells what carries its messages.
    """
    return _page(
        "Chat",
        "<h1>Chat</h1><p>Open this page in a second tab, and talk to yourself.</p>"
        f"<p>Its messages go through: <code>{escape(backend)}</code>.</p>"
        f'<form data-talk="{escape(talk)}">'
        '<label>Name<input name="name" maxlength="500" autocomplete="name"></label>'
        '<label>Message<input name="text" maxlength="500" autocomplete="off"></label>'
        "<button>Say</button></form>"
        '<p role="status">Connecting.</p><section aria-live="polite"></section>'
        f"<script>{_CHAT_SCRIPT}</script>",
    )


_EVENTS_SCRIPT = """
const list = document.querySelector("ol"), state = document.querySelector("[role=status]");
const source = new EventSource(list.dataset.numbers);
let connections = 0;
source.onopen = () => { state.textContent = `Connection ${++connections} is open.`; };
source.onerror = () => { state.textContent = "The stream has ended; the browser waits."; };
source.addEventListener("number", (event) => {
  const item = document.createElement("li");
  item.textContent = JSON.parse(event.data).number;
  list.append(item);
  if (list.childElementCount === 15) {
    source.close();
    state.textContent = `15 numbers came on ${connections} connections.`;
  }
});
"""


def events_page(numbers: str) -> str:
    """Return the page that shows the event stream of the path ``numbers``."""
    return _page(
        "Events",
        "<h1>Events</h1><p>The server ends the stream after five numbers. The browser connects "
        "again, and no number is missing.</p>"
        f'<p role="status">Connecting.</p><ol data-numbers="{escape(numbers)}"></ol>'
        f"<script>{_EVENTS_SCRIPT}</script>",
    )


_UPLOAD_SCRIPT = """
const form = document.querySelector("form"), bar = document.querySelector("progress");
const state = document.querySelector("[role=status]");
form.onsubmit = (event) => {
  event.preventDefault();
  const request = new XMLHttpRequest();
  request.upload.onprogress = ({loaded, total}) => {
    bar.max = total;
    bar.value = loaded;
    state.textContent = `${Math.floor(100 * loaded / total)} % sent`;
  };
  request.onload = () => {
    if (request.status !== 200) { state.textContent = request.responseText; return; }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    document.querySelector("section").replaceWith(page.querySelector("section"));
    state.textContent = "Done.";
    form.reset();
  };
  request.onerror = () => { state.textContent = "The upload was broken off."; };
  request.onloadend = () => { bar.hidden = true; form.querySelector("button").disabled = false; };
  bar.hidden = false;
  form.querySelector("button").disabled = true;
  request.open("POST", form.action);
  request.send(new FormData(form));
};
"""


def upload_page(received: Iterable[tuple[str, int, str]] = ()) -> str:
    """Return the page for uploads, with the name, size and SHA-256 of each received file."""
    listed = "".join(
        f"<article><strong>{escape(name)}</strong>"
        f"<p>{size:,} bytes, SHA-256 <code>{digest}</code></p></article>"
        for name, size, digest in received
    )
    return _page(
        "Uploads",
        "<h1>Uploads</h1><p>Files are read while they arrive; none is kept.</p>"
        '<form method="post" enctype="multipart/form-data">'
        '<label>Files<input type="file" name="files" multiple required></label>'
        "<button>Send</button>"
        '<progress hidden aria-label="How far the upload is"></progress></form>'
        f'<p role="status"></p><section aria-live="polite">{listed}</section>'
        f"<script>{_UPLOAD_SCRIPT}</script>",
    )


def not_found_page(path: str) -> str:
    """Return the page for a path that does not exist."""
    return _page(
        "Not found",
        f"<h1>Not found</h1><p>There is nothing at <code>{escape(path)}</code>.</p>"
        '<p><a href="/">Back to the start</a></p>',
    )
