// What is asked for in each mode: which places there are, and the request that they make.

import { check, el, field } from "./dom.js";
import { dropPlace } from "./drop.js";
import { picturePlace } from "./picture.js";
import { posePanel } from "./pose.js";
import { soundPlace } from "./sound.js";
import { voiceChoice } from "./voice.js";

const SAMPLES = [
  "Hello! For five hundred years people have asked me why I smile.",
  "Good morning. I slept well, thank you, and I dreamt in colour.",
  "The secret is simple: begin, and then go on.",
];

export const MODES = {
  talk: { words: "Talk", title: "What should they say?", intro: "A voice, a picture and a sentence. Everything stays on this computer.", button: "Make it talk", hint: "About as long as the video itself, twice that with the report." },
  speak: { words: "Speak", title: "What should be said?", intro: "A voice and a sentence become a sound file with subtitles.", button: "Speak it", hint: "A few seconds for each sentence." },
  animate: { words: "Animate", title: "What should they follow?", intro: "A picture, and a recording or a film that moves it.", button: "Animate it", hint: "The picture speaks a recording, or does what a person on film does." },
  verify: { words: "Check", title: "How alike is it?", intro: "A video or a sound, beside the person it should be like.", button: "Check it", hint: "Every number stands between its controls." },
  explain: { words: "Explain", title: "Why is it alike?", intro: "Pictures of what two voices share, what is seen in a picture, what a face does.", button: "Explain it", hint: "Where in a voice or a face the likeness lives." },
};

/**
 * The form of a mode.
 *
 * @param {string} mode a key of MODES
 * @param {object} about what the server can do
 * @param {() => void} changed told of every change
 * @returns {{parts: Element[], paired: boolean, read: () => object}} read answers the request, or
 *   {missing: words} on what it lacks
 */
export function formOf(mode, about, changed) {
  return { talk, speak, animate, verify, explain }[mode](about, changed);
}

function talk(about, changed) {
  const voice = voiceChoice(about, changed);
  const picture = posedPicture(about, changed);
  const text = textPlace(about, changed);
  const more = options(about, { drawn: true, spoken: true, report: true });
  return {
    parts: [card("Voice", voice.box), card("Picture", picture.box, picture.pose.box), wide(card("Words", text.box, more.box))],
    paired: true,
    read: () => together(voice.read(), need(picture, "Drop a picture.", pictured), picture.pose.read(), text.read(), more.read()),
  };
}

function speak(about, changed) {
  const voice = voiceChoice(about, changed);
  const text = textPlace(about, changed);
  const more = options(about, { spoken: true, format: true });
  return {
    parts: [card("Voice", voice.box), card("Words", text.box, more.box)],
    paired: false,
    read: () => together(voice.read(), text.read(), more.read()),
  };
}

function animate(about, changed) {
  let by = "audio";
  const picture = posedPicture(about, changed);
  const sound = slot((set) => soundPlace({ prompt: "Drop the recording that the picture should speak, or record it.", asVoice: false, changed: set }), changed);
  const film = slot((set) => mediaPlace("Drop a film of someone whose face the picture should follow.", set), changed);
  const transcript = el("textarea", { rows: 3, maxlength: about.limits.text, placeholder: "What is said in it, if you know" });
  const words = field("What is said", transcript, "With the words the lips follow each sound; without them the loudness alone.");
  const more = options(about, { drawn: true });
  const choice = radios("What moves it", "by", [["audio", "A recording"], ["driver", "A film of someone"]], (value) => {
    by = value;
    sound.box.hidden = words.hidden = by !== "audio";
    film.box.hidden = by !== "driver";
    changed();
  });
  film.box.hidden = true;
  return {
    parts: [card("What moves it", choice, sound.box, film.box), card("Picture", picture.box, picture.pose.box), wide(card("More", words, more.box))],
    paired: true,
    read: () => together(
      by === "audio"
        ? together(need(sound, "Record or drop a recording.", ({ id }) => ({ audio: id })), { transcript: transcript.value.trim() })
        : need(film, "Drop a film.", ({ id, kind }) => (kind === "video" ? { driver: id } : { missing: "That is a sound; drop a film." })),
      need(picture, "Drop a picture.", pictured), picture.pose.read(), more.read()),
  };
}

function verify(about, changed) {
  const media = slot((set) => mediaPlace("Drop a talking video, or a sound.", set), changed);
  const recording = slot((set) => soundPlace({ prompt: "A recording of the person, to compare the voice with.", asVoice: false, changed: set }), changed);
  const picture = slot((set) => picturePlace({ changed: set }), changed);
  const text = el("textarea", { rows: 3, maxlength: about.limits.text, placeholder: "What is said in it, if you know" });
  const more = options(about, {});
  return {
    parts: [wide(card("Video or sound", media.box)), card(["The person", optional()], recording.box), card(["The picture", optional()], picture.box),
      wide(card(["Words", optional()], field("What is said", text, "Then words are counted, and lips compared with sounds."), more.box))],
    paired: true,
    read: () => together(need(media, "Drop a video or a sound.", ({ id }) => ({ media: id })),
      recording.value ? { recording: recording.value.id } : {}, picture.value ? { picture: picture.value.id } : {}, { text: text.value.trim() }, more.read()),
  };
}

function explain(about, changed) {
  const kinds = {
    voice: () => [["A recording of the person", (set) => soundPlace({ prompt: "Drop or record the person.", asVoice: false, changed: set }), "media"], ["What the copied voice said", (set) => soundPlace({ prompt: "Drop the speech of the copied voice.", asVoice: false, changed: set }), "other"]],
    picture: () => [["A picture", (set) => picturePlace({ changed: set }), "media"], ["Another picture, to compare", (set) => picturePlace({ changed: set }), "other", true]],
    face: () => [["A video of a face", (set) => mediaPlace("Drop a talking video.", set), "media"]],
  };
  let what = "voice";
  let slots = [];
  const place = el("div", { class: "stack" });
  const draw = () => {
    slots = kinds[what]().map(([title, make, name, free]) => ({ ...slot(make, changed), get value() { return this.held.value; }, title, name, free }));
    place.replaceChildren(...slots.map((each) => el("div", {}, el("h3", {}, each.title, each.free ? optional() : null), each.box)));
    changed();
  };
  const choice = radios("What to explain", "what", [["voice", "Two voices"], ["picture", "A picture"], ["face", "A moving face"]], (value) => {
    what = value;
    draw();
  });
  draw();
  return {
    parts: [card("What to explain", el("div", { class: "stack" }, choice, place))],
    paired: false,
    read() {
      const missing = slots.find((each) => !each.value && !each.free);
      if (missing) return { missing: `${missing.title} is missing.` };
      return { what, ...Object.fromEntries(slots.filter((each) => each.value).map((each) => [each.name, each.value.id])) };
    },
  };
}

/** A row of radio buttons, the first one chosen. */
function radios(title, name, pairs, chosen) {
  return el("fieldset", { class: "row" }, el("legend", { class: "visually-hidden" }, title),
    pairs.map(([value, words], i) => check("radio", { name, value, checked: i === 0, onchange: () => chosen(value) }, words)));
}

function slot(make, changed) {
  const held = { value: null };
  const box = make((value) => {
    held.value = value;
    changed();
  });
  return { box, held, get value() { return held.value; } };
}

/** A place for a picture that will move, with the sliders of its face. */
function posedPicture(about, changed) {
  const held = slot((set) => picturePlace({ changed: set, animated: true }), () => {
    pose.redraw();
    changed();
  });
  const pose = posePanel(about, () => (held.value ? pictured(held.value) : null));
  return { ...held, get value() { return held.value; }, pose };
}

function mediaPlace(prompt, changed) {
  const box = el("div", { class: "stack" });
  const place = dropPlace({ kind: "media", accept: "video/*,audio/*", prompt, button: "Choose a file", taken: (upload, file) => show(upload, file.name) });
  function show(upload, name) {
    const label = { controls: true, playsinline: true, src: upload.url, "aria-label": name };
    box.replaceChildren(
      el("p", { class: "picked" }, el("b", { title: name }, name), el("button", { type: "button", class: "quiet", onclick: reset }, "Change")),
      el(upload.kind === "video" ? "video" : "audio", label));
    changed(upload);
  }
  function reset() {
    box.replaceChildren(place);
    changed(null);
  }
  box.append(place);
  return box;
}

function textPlace(about, changed) {
  const sample = SAMPLES[Math.floor(Math.random() * SAMPLES.length)];
  const area = el("textarea", { maxlength: about.limits.text, placeholder: sample, oninput: changed, "aria-label": "What is said" });
  const language = el("select", {}, el("option", { value: "" }, "The voice's own"), about.languages.map(({ tag, name }) => el("option", { value: tag }, name)));
  return {
    box: el("div", { class: "stack" }, area, el("div", { class: "fields" }, field("Language", language))),
    read: () => (area.value.trim() ? { text: area.value.trim(), language: language.value } : { missing: "Write what should be said." }),
  };
}

function options(about, { drawn, spoken, report, format }) {
  const parts = [];
  const readers = [];
  const add = (name, label, control, value) => {
    parts.push(field(label, control));
    readers.push(() => ({ [name]: value(control) }));
  };
  const slide = (name, label, min, max, step, start, unit = "×") => {
    const told = el("output", {}, `${start}${unit}`);
    const control = el("input", { type: "range", min, max, step, value: start, oninput: () => { told.textContent = `${control.value}${unit}`; } });
    const box = field(label, control);
    box.querySelector("label").append(" ", told);
    parts.push(box);
    readers.push(() => ({ [name]: Number(control.value) }));
  };
  const choose = (name, label, pairs, value = (control) => control.value) =>
    add(name, label, el("select", {}, pairs.map(([key, words]) => el("option", { value: key }, words))), value);
  if (spoken) slide("speed", "Speed", 0.5, 2, 0.05, 1);
  if (drawn) {
    slide("liveliness", "Head movement", 0, 2, 0.1, 1);
    choose("crop", "What is shown", [["none", "The whole picture"], ["head", "Head and shoulders"]]);
    choose("size", "Longest side", [[720, "720 pixels"], [512, "512 pixels"], [1280, "1280 pixels"], [1920, "1920 pixels"]], (control) => Number(control.value));
  }
  if (format) choose("format", "File", [["wav", "WAV"], ["mp3", "MP3"], ["flac", "FLAC"], ["opus", "Opus"], ["m4a", "M4A"]]);
  if (spoken && about.voice_engines.length > 1) choose("engine", "Voice engine", about.voice_engines.map((name) => [name, name]));
  if (drawn && about.face_engines.length > 1) choose("face_engine", "Face engine", [...about.face_engines].sort((a) => (a === "mesh" ? -1 : 1)).map((name) => [name, name]));
  const ticks = [];
  const tick = (name, words, start) => {
    const box = check("checkbox", { checked: start }, words);
    ticks.push(box);
    readers.push(() => ({ [name]: box.querySelector("input").checked }));
  };
  if (report) tick("report", "Also judge the result, and write the report", true);
  if (spoken) tick("verify", "Check each sentence by ear, and say a bad one again", false);
  const box = parts.length || ticks.length
    ? el("details", {}, el("summary", {}, "More choices"), el("div", { class: "stack" }, el("div", { class: "fields" }, parts), ticks))
    : null;
  return { box, read: () => Object.assign({}, ...readers.map((reader) => reader())) };
}

const card = (title, ...parts) => el("section", { class: "card stack" }, el("h2", {}, title), parts);
const optional = () => el("small", {}, "optional");
const wide = (element) => {
  element.classList.add("wide");
  return element;
};
const pictured = ({ id, points, eye_radii, kind }) => (points ? { picture: id, points, eye_radii, kind } : { picture: id });
const need = (held, words, made) => (held.value ? made(held.value) : { missing: words });

function together(...parts) {
  return parts.find((part) => part.missing) ?? Object.assign({}, ...parts);
}
