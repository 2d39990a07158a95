// Shows how far an upload is. Without this script the form does the same, and the browser shows it.
const form = document.querySelector("#upload"), bar = form.querySelector("progress");
const state = document.querySelector("#sent"), button = form.querySelector("button");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const max = Number(form.dataset.max);
  const large = [...form.elements.files.files].find((file) => file.size > max);
  if (large) {
    state.textContent = `${large.name} is too large: a file has up to ${max / 2 ** 20} MiB.`;
    return;
  }
  const request = new XMLHttpRequest();
  request.upload.onprogress = ({loaded, total}) => {
    bar.max = total;
    bar.value = loaded;
    state.textContent = `${Math.floor(100 * loaded / total)} % sent`;
  };
  request.onload = () => {
    if (request.status !== 200) { state.textContent = request.responseText; return; }
    // The answer is the page of the note with its new files.
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    document.querySelector("#files").replaceWith(page.querySelector("#files"));
    state.textContent = "Done.";
    form.reset();
  };
  request.onerror = () => { state.textContent = "The upload was broken off."; };
  request.onloadend = () => { bar.hidden = true; button.disabled = false; };
  bar.hidden = false;
  button.disabled = true;
  request.open("POST", form.action);
  request.send(new FormData(form));
});
