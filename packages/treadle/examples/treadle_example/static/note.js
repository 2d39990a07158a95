// The windows of a note show each other what is typed. Without this script nothing is lost: the
// server refuses to save over a newer version, and shows both texts.
const form = document.querySelector("#edit"), state = document.querySelector("#state");
const {title, text, version} = form.elements;
let socket, me, waiting;

function show(field, value) {
  if (field.value === value) return;
  // The cursor stays where it is, as far as there is text.
  const {selectionStart, selectionEnd} = field;
  field.value = value;
  if (field === document.activeElement) field.setSelectionRange(selectionStart, selectionEnd);
}

function receive(event) {
  const said = JSON.parse(event.data);
  if ("you" in said) {
    me = said.you;
  } else if ("windows" in said) {
    const others = said.windows - 1;
    state.textContent = others < 1 ? "" :
      `This note is open in ${others} other ${others === 1 ? "window" : "windows"}.`;
  } else if ("deleted" in said) {
    state.textContent = "This note was deleted in another window.";
  } else if (waiting !== undefined) {
    // What was typed here a moment ago is not replaced. Saving it leads to the page with both texts.
  } else if ("saved" in said) {
    show(title, said.title);
    show(text, said.text);
    version.value = said.saved;
    state.textContent = "Saved in another window.";
  } else if (said.from !== me) {
    show(title, said.title);
    show(text, said.text);
    state.textContent = "Another window is typing. It is not saved yet.";
  }
}

function connect() {
  const url = new URL(form.dataset.live, location);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.onmessage = receive;
  socket.onclose = () => { setTimeout(connect, 2000); };
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    waiting = undefined;
    if (socket.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({title: title.value, text: text.value}));
    }
  }, 150);
});
connect();
