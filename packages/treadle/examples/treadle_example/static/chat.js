// The chat over a WebSocket. Without this script the form sends, and a reload shows the messages.
const form = document.querySelector("#chat"), lines = document.querySelector("#lines");
const state = document.querySelector("#state");
let socket;

function connect() {
  const url = new URL(form.dataset.talk, location);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  // The server sends the last messages first.
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

form.addEventListener("submit", (event) => {
  if (socket.readyState !== WebSocket.OPEN) return;  // the browser sends the form
  event.preventDefault();
  const {name, text} = form.elements;
  if (text.value.trim()) {
    socket.send(JSON.stringify({name: name.value.trim(), text: text.value.trim()}));
    text.value = "";
  }
  text.focus();
});
state.textContent = "Connecting.";
connect();
