// Who speaks: a voice of the library, or a new recording with the word on whose it is.

import { announce, check, el, field, freshId, icon } from "./dom.js";
import { Refused, get, send } from "./api.js";
import { soundPlace } from "./sound.js";

const player = new Audio();

/** A button that plays a voice's sample, once more to stop. */
export function sampleButton(name, words = "Hear it", label = null) {
  const button = el("button", { type: "button", "aria-label": label });
  const idle = () => {
    button.replaceChildren(icon("play"), words);
    button.removeAttribute("aria-busy");
    button.dataset.playing = "";
  };
  button.addEventListener("click", () => {
    if (button.dataset.playing) {
      player.pause();
      return;
    }
    player.pause();
    player.src = `/api/voices/${encodeURIComponent(typeof name === "function" ? name() : name)}/sample`;
    button.dataset.playing = "yes";
    button.setAttribute("aria-busy", "true");
    button.replaceChildren(icon("stop"), words);
    player.onended = player.onpause = player.onerror = idle;
    player.play().catch(idle);
  });
  idle();
  return button;
}

/** Where a language's name comes from: the browser knows them all. */
export function languageName(tag) {
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  try {
    return names.of(tag);
  } catch {
    return tag || "Any language";
  }
}

/**
 * The choice of a voice.
 *
 * @param {object} about what the server can do
 * @param {() => void} changed told of every change
 */
export function voiceChoice(about, changed) {
  const chosen = { mode: "saved", upload: null };
  const select = el("select", { onchange: changed });
  const saved = el("div", { class: "stack" }, field("Voice", select), sampleButton(() => select.value));
  const fresh = newVoice(about, chosen, changed, async (name) => {
    await fillVoices(select);
    select.value = name;
    tabs.open("saved");
  });
  const tabs = tabPair([["saved", "From the library", saved], ["fresh", "New voice", fresh.box]], (mode) => {
    chosen.mode = mode;
    changed();
  });
  const ready = fillVoices(select);
  return {
    box: tabs.box,
    ready,
    select: (name) => {
      select.value = name;
      tabs.open("saved");
    },
    /** What the request says about the voice, or words on what is missing. */
    read() {
      if (chosen.mode === "saved") return select.value ? { voice: select.value } : { missing: "Choose a voice." };
      if (!chosen.upload) return { missing: "Record or drop a voice." };
      if (chosen.upload.look.level === "unusable") return { missing: "This recording can't be used as a voice." };
      const consent = fresh.consent();
      return consent.missing ? consent : { voice_file: chosen.upload.id, consent: consent.words };
    },
  };
}

async function fillVoices(select) {
  const { data } = await get("/v1/audio/voices");
  const before = select.value;
  const groups = new Map();
  for (const voice of data) {
    const group = voice.saved ? "Your voices" : languageName(voice.language);
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(el("option", { value: voice.id }, voiceName(voice)));
  }
  select.replaceChildren(...[...groups].map(([label, options]) => el("optgroup", { label }, options)));
  select.value = before || (data.find((voice) => voice.saved) ?? data.find((voice) => voice.id === "af_heart") ?? data[0])?.id;
}

/** A voice's name as people read it: af_heart is Heart. */
export function voiceName(voice) {
  if (voice.saved) return voice.name;
  const [kind, ...rest] = voice.name.split("_");
  const name = rest.join(" ") || kind;
  const sex = { f: "female", m: "male" }[kind[1]];
  return name[0].toUpperCase() + name.slice(1) + (sex ? `, ${sex}` : "");
}

function newVoice(about, chosen, changed, kept) {
  const group = freshId("consent");
  const note = el("input", { type: "text", maxlength: 300, placeholder: "LibriVox reader, public domain", "aria-label": "Where the recording comes from", hidden: true, oninput: changed });
  const statement = el("div", { class: "stack", hidden: true },
    el("p", { class: "hint" }, "Let the speaker record this sentence in their own voice:"),
    el("p", { class: "verdict" }, `“${about.statements.en}”`));
  let agreement = null;
  statement.append(soundPlace({ prompt: "Record or drop the sentence.", asVoice: false, changed: (upload) => { agreement = upload; changed(); } }));
  const pick = () => {
    note.hidden = value() !== "source";
    statement.hidden = value() !== "spoken";
    changed();
  };
  const radio = (name, ...words) => check("radio", { name: group, value: name, onchange: pick }, ...words);
  const consent = el("fieldset", { class: "stack", hidden: true },
    el("legend", {}, "Whose voice is it?"),
    radio("own", "It is my own voice"),
    radio("spoken", "The speaker agreed, and says so in a recording"),
    statement,
    radio("source", "Public domain, or a synthetic voice"),
    note);
  const value = () => consent.querySelector("input:checked")?.value ?? "";
  const name = el("input", { type: "text", maxlength: 64, pattern: "[\\w\\-]+", autocomplete: "off", placeholder: "anna" });
  const error = el("p", { class: "error", role: "alert", hidden: true });
  const denoise = check("checkbox", {}, "Take steady noise out first, such as a fan's");
  const adapt = check("checkbox", {}, "Take a minute to sound more alike");
  adapt.hidden = !about.adapts;
  const ticked = (box) => box.querySelector("input").checked;
  const keep = el("details", { hidden: true }, el("summary", {}, "Keep this voice in the library"),
    el("div", { class: "stack" }, field("Name", name, "Letters, digits, - and _."), denoise, adapt, el("button", { type: "button", onclick: save }, "Keep it"), error));
  const sound = soundPlace({
    prompt: "Drop a recording of one person speaking, or record it now. 6 to 12 seconds are enough.",
    asVoice: true,
    changed: (upload) => {
      chosen.upload = upload;
      const usable = upload !== null && upload.look.level !== "unusable";
      consent.hidden = keep.hidden = !usable;
      changed();
    },
  });

  async function save(event) {
    const button = event.currentTarget;
    const told = read(true);
    error.hidden = !told.missing;
    error.textContent = told.missing ?? "";
    if (told.missing) return;
    button.disabled = true;
    keep.classList.add("busy");
    try {
      const spoken = told.words === "spoken" ? new File([await (await fetch(agreement.url)).blob()], "agreement.wav") : null;
      await send("/v1/audio/voices", {
        name: name.value.trim(),
        upload: chosen.upload.id,
        consent: told.words,
        consent_file: spoken,
        denoise: String(ticked(denoise)),
        tier: ticked(adapt) ? "adapted" : "",
      });
      announce(`The voice ${name.value} is kept.`);
      await kept(name.value.trim());
      sound.reset();
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      error.textContent = refused.message;
      error.hidden = false;
    } finally {
      button.disabled = false;
      keep.classList.remove("busy");
    }
  }

  function read(keeping = false) {
    switch (value()) {
      case "own":
        return { words: "own" };
      case "source":
        return note.value.trim().length >= 8 ? { words: `source:${note.value.trim()}` } : { missing: "Say where the recording comes from, in a few words." };
      case "spoken":
        if (!agreement) return { missing: "The recording of the speaker's agreement is missing." };
        return keeping ? { words: "spoken" } : { missing: "With a spoken agreement, keep the voice in the library first." };
      default:
        return { missing: "Say whose voice it is." };
    }
  }

  return { box: el("div", { class: "stack" }, sound, consent, keep), consent: () => read() };
}

function tabPair(pages, opened) {
  const tabs = pages.map(([key, words, page]) => {
    page.id ||= freshId("tab");
    page.setAttribute("role", "tabpanel");
    return el("button", { type: "button", role: "tab", "aria-controls": page.id, onclick: () => open(key) }, words);
  });
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": "Where the voice comes from" }, tabs);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
    tabs[next].focus();
    tabs[next].click();
  });
  function open(key) {
    pages.forEach(([name, , page], i) => {
      tabs[i].setAttribute("aria-selected", String(name === key));
      tabs[i].tabIndex = name === key ? 0 : -1;
      page.hidden = name !== key;
    });
    opened(key);
  }
  const box = el("div", {}, list, pages.map(([, , page]) => page));
  queueMicrotask(() => open(pages[0][0]));
  return { box, open };
}
