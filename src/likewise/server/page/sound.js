// A recording: drop, choose or record it, then see and hear at once what it is like.

import { announce, el, icon, seconds } from "./dom.js";
import { dropPlace } from "./drop.js";
import { Recorder } from "./recorder.js";

const ACCEPT = "audio/*,video/mp4,video/webm,.wav,.flac,.mp3,.ogg,.opus,.m4a";
const LEVELS = { good: "Good", fair: "Usable", unusable: "Not usable as a voice" };

// Dark violet to warm white: even steps of lightness, told apart by every kind of colour vision.
const COLOURS = [
  [18, 15, 28], [52, 26, 84], [104, 34, 103], [160, 48, 96], [211, 78, 74], [243, 131, 66], [253, 192, 108], [255, 243, 214],
];

/**
 * A place for a recording.
 *
 * @param {object} options
 * @param {string} options.prompt what is wanted
 * @param {boolean} options.asVoice say how usable it is as a voice
 * @param {(upload: object | null) => void} options.changed told of every new or removed recording
 */
export function soundPlace({ prompt, asVoice, changed }) {
  const box = el("div", { class: "stack" });
  const record = el("button", { type: "button" }, icon("record"), "Record");
  const place = dropPlace({
    kind: "sound",
    accept: ACCEPT,
    prompt,
    button: "Choose a file",
    extras: [record],
    taken: (upload, file) => show(upload, file.name),
  });
  record.addEventListener("click", () => recordInto(box, place));

  function show(upload, name) {
    const again = el("button", { type: "button", class: "quiet", onclick: reset }, "Change");
    box.replaceChildren(
      el("p", { class: "picked" }, el("b", { title: name }, name), again),
      spectrogram(upload.look),
      el("audio", { controls: true, preload: "metadata", src: upload.url, "aria-label": `Play ${name}` }),
      asVoice ? judgement(upload.look) : null,
    );
    announce(asVoice ? upload.look.sentences.join(" ") : "The recording is here.");
    changed(upload);
  }

  function reset() {
    box.replaceChildren(place);
    changed(null);
    place.querySelector("button").focus();
  }

  box.append(place);
  box.reset = reset;
  return box;
}

async function recordInto(box, place) {
  const canvas = el("canvas", { class: "wave", width: 600, height: 64, role: "img", "aria-label": "Level of the microphone" });
  const time = el("output", {}, "0.0 s");
  const stop = el("button", { type: "button", class: "primary" }, icon("stop"), "Stop");
  const hint = el("p", { class: "hint" }, "Speak as you would to a friend. 6 to 12 seconds are enough.");
  const levels = [];
  const recorder = new Recorder((level) => {
    levels.push(level);
    time.textContent = seconds(recorder.seconds);
    drawLevels(canvas, levels);
  });
  const end = async () => {
    stop.disabled = true;
    const file = await recorder.stop();
    box.replaceChildren(place);
    place.take(file);
  };
  try {
    await recorder.start(end);
  } catch (error) {
    const words = error.name === "NotAllowedError" ? "The browser was told not to use the microphone. Allow it in the address bar, or choose a file." : error.message;
    const told = place.querySelector(".error");
    told.textContent = words;
    told.hidden = false;
    return;
  }
  stop.addEventListener("click", end, { once: true });
  box.replaceChildren(canvas, el("div", { class: "row" }, stop, time), hint);
  announce("Recording.");
  stop.focus();
}

function drawLevels(canvas, levels) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = getComputedStyle(canvas).color;
  const step = 4;
  const shown = levels.slice(-Math.floor(canvas.width / step));
  shown.forEach((level, i) => {
    const height = Math.max(2, Math.sqrt(level) * canvas.height);
    pen.fillRect(i * step, (canvas.height - height) / 2, 2.4, height);
  });
}

/** The mel spectrogram that the server sent, drawn. */
export function spectrogram(look) {
  const { bands, frames, data } = look.mel;
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const canvas = el("canvas", {
    class: "mel", width: frames, height: bands, role: "img",
    "aria-label": `Mel spectrogram of ${seconds(look.mel_seconds)}: brightness is energy by pitch, low tones at the bottom.`,
  });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(frames, bands);
  for (let band = 0; band < bands; band += 1) {
    for (let frame = 0; frame < frames; frame += 1) {
      const [r, g, b] = colour(bytes[band * frames + frame] / 255);
      image.data.set([r, g, b, 255], 4 * ((bands - 1 - band) * frames + frame));
    }
  }
  pen.putImageData(image, 0, 0);
  const ticks = [0, 0.5, 1].map((share) => el("span", {}, `${(share * look.mel_seconds).toFixed(1)} s`));
  return el("div", {}, canvas, el("div", { class: "ticks", "aria-hidden": "true" }, ticks));
}

function colour(share) {
  const place = share * (COLOURS.length - 1);
  const low = Math.min(COLOURS.length - 2, Math.floor(place));
  return COLOURS[low].map((value, i) => value + (place - low) * (COLOURS[low + 1][i] - value));
}

/** How usable a recording is as a voice, as facts and in words. */
function judgement(look) {
  const noise = look.snr_db === null ? "–" : `${Math.round(look.snr_db)} dB`;
  const clipped = look.clipped > 0.0005 ? `${(100 * look.clipped).toFixed(1)} %` : "none";
  const fact = (name, value, note) => el("div", {}, el("dt", {}, name), el("dd", {}, value, el("small", {}, note)));
  const [first, ...rest] = look.sentences;
  return el(
    "div", { class: "stack" },
    el("dl", { class: "facts" },
      fact("Speech", seconds(look.speech_seconds), "6 to 12 s is best"),
      fact("Over noise", noise, "20 dB is clean"),
      fact("Clipping", clipped, "none is best")),
    el("p", { class: `verdict-line ${look.level}` }, el("span", {}, el("strong", {}, LEVELS[look.level]), ` · ${first}`)),
    rest.map((sentence) => el("p", { class: "hint" }, sentence)),
  );
}
