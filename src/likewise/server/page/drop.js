// A place to drop, choose or paste a file, as large as a thumb and reachable by keyboard.

import { announce, el, freshId } from "./dom.js";
import { Refused, upload } from "./api.js";

/**
 * A place for one file.
 *
 * @param {object} options
 * @param {string} options.kind sound, picture or media: what the server's intake is told
 * @param {string} options.accept what the system's file dialog shows
 * @param {string} options.prompt what to drop here
 * @param {string} options.button words of the button
 * @param {Element[]} [options.extras] further buttons
 * @param {(taken: object, file: File) => void} options.taken called with the server's answer
 */
export function dropPlace({ kind, accept, prompt, button, extras = [], taken }) {
  const input = el("input", { type: "file", accept, class: "visually-hidden", id: freshId("file"), tabindex: "-1", "aria-hidden": "true" });
  const choose = el("button", { type: "button", onclick: () => input.click() }, button);
  const error = el("p", { class: "error", role: "alert", hidden: true });
  const place = el(
    "div",
    { class: "drop" },
    el("p", {}, prompt),
    el("div", { class: "row" }, choose, extras),
    input,
    error,
  );

  async function take(file) {
    if (!file || place.classList.contains("busy")) return;
    error.hidden = true;
    place.classList.add("busy");
    place.setAttribute("aria-busy", "true");
    announce("Reading the file.");
    try {
      taken(await upload(file, kind), file);
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      error.textContent = refused.message;
      error.hidden = false;
    } finally {
      place.classList.remove("busy");
      place.removeAttribute("aria-busy");
      input.value = "";
    }
  }

  input.addEventListener("change", () => take(input.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.add("over");
    });
  }
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
  place.take = take;
  return place;
}

// A file dropped beside its place should not replace the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
