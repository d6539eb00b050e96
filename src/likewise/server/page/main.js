// The page: which view is shown, and what the form of the studio does.

import { announce, byId, el } from "./dom.js";
import { Refused, get, post } from "./api.js";
import { MODES, formOf } from "./forms.js";
import { drawNothing, showJob } from "./job.js";
import { drawHistory, drawVoices } from "./lists.js";

let form = null;
let mode = "talk";
let about = null;

async function start() {
  about = await get("/api/about");
  byId("version").textContent = about.version;
  byId("modes").append(...Object.entries(MODES).map(([key, { words }]) =>
    el("label", {}, el("input", { type: "radio", name: "mode", value: key, checked: key === mode, onchange: () => open(key) }), words)));
  byId("form").addEventListener("submit", submit);
  open(mode);
  window.addEventListener("hashchange", route);
  route();
}

function open(key) {
  mode = key;
  const { title, intro, button, hint } = MODES[key];
  byId("make-intro").textContent = intro;
  byId("make-title").textContent = title;
  byId("submit").textContent = button;
  byId("submit-hint").textContent = hint;
  tell("");
  form = formOf(key, about, () => tell(""));
  const inputs = byId("inputs");
  inputs.classList.toggle("pair", form.paired);
  inputs.replaceChildren(...form.parts);
}

async function submit(event) {
  event.preventDefault();
  const request = form.read();
  if (request.missing) {
    tell(request.missing);
    return;
  }
  tell("");
  const button = byId("submit");
  button.disabled = true;
  try {
    const job = await post(`/api/jobs/${mode}`, request);
    location.hash = `#job/${job.id}`;
    if (matchMedia("(max-width: 62rem)").matches) byId("stage").scrollIntoView({ behavior: "smooth" });
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    tell(refused.message);
  } finally {
    button.disabled = false;
  }
}

function tell(words) {
  const error = byId("form-error");
  error.textContent = words;
  error.hidden = !words;
}

function route() {
  const [name, id] = location.hash.slice(1).split("/");
  const view = ["voices", "history"].includes(name) ? name : "make";
  for (const section of ["make", "voices", "history"]) byId(section).hidden = section !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = { make: "Likewise", voices: "Voices · Likewise", history: "History · Likewise" }[view];
  if (view === "voices") drawVoices(byId("voice-list"));
  if (view === "history") drawHistory(byId("history-list"));
  if (view !== "make") return;
  if (name === "job" && /^[0-9a-f]{16}$/.test(id)) showJob(byId("result"), id);
  else if (!byId("result").hasChildNodes()) drawNothing(byId("result"));
}

start().catch((error) => {
  announce(error.message);
  byId("main").prepend(el("p", { class: "notice", role: "alert" }, error.message));
});
