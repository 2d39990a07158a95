// Listens to a stream of numbers, over as many connections as it takes.
const list = document.querySelector("#numbers"), state = document.querySelector("#state");
const source = new EventSource(list.dataset.numbers);
let connections = 0;
state.textContent = "Connecting.";
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
