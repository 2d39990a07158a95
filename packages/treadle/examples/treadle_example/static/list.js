// The list of notes follows what other windows do. Without this script a reload shows the same.
const state = document.querySelector("#state");
const source = new EventSource(document.querySelector("#notes").dataset.events);
let wasLost = false;

async function refresh() {
  const response = await fetch(location.href, {headers: {Accept: "text/html"}});
  if (!response.ok || response.redirected) {
    location.reload();  // logged out, perhaps
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const before = document.querySelector("#notes");
  // The keyboard's place in the list is a link: it stays on the same one.
  const focused = before.contains(document.activeElement) && document.activeElement.href;
  const after = page.querySelector("#notes");
  before.replaceWith(after);
  if (focused) {
    [...after.querySelectorAll("a")].find((each) => each.href === focused)?.focus();
  }
  state.textContent = "The list has changed in another window.";
}

source.addEventListener("changed", refresh);
// Messages were lost, and so they may be while there is no connection.
source.addEventListener("gap", refresh);
source.onerror = () => { wasLost = true; };
source.onopen = () => {
  if (wasLost) { wasLost = false; refresh(); }
  document.body.dataset.live = "yes";
};
