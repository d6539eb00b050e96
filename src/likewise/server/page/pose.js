// Pose and expression by hand: a mood and sliders, with the face as they make it.

import { Refused, preview } from "./api.js";
import { el, field } from "./dom.js";

const NAMES = {
  yaw: "Turn the head", pitch: "Nod", roll: "Tilt", right: "Move sideways", down: "Move up or down", zoom: "Closer or further",
  smile: "Frown to smile", brows: "Brows", gaze_right: "Look aside", gaze_up: "Look down or up", blink: "Wide to closed eyes",
  squint: "Squint", mouth: "Open the mouth", pout: "Spread to pouted lips",
};
const GROUPS = [["Head", ["yaw", "pitch", "roll", "right", "down", "zoom"]], ["Face", ["smile", "brows", "gaze_right", "gaze_up", "blink", "squint", "mouth", "pout"]]];
const PAUSE = 90;  // ms without a change before a frame is asked for

/**
 * A mood, sliders and the face that they make.
 *
 * @param {object} about what the server can do
 * @param {() => object | null} picture what a request says about the picture, null without one
 * @returns {{box: Element, read: () => object, redraw: () => void}} redraw when the picture changed
 */
export function posePanel(about, picture) {
  const face = el("img", { alt: "The face as it is set below", hidden: true });
  const told = el("p", { class: "hint", role: "status" }, "Choose a picture to see what the sliders do.");
  const mood = el("select", { onchange: later }, about.moods.map((name) => el("option", { value: name }, name[0].toUpperCase() + name.slice(1))));
  const sliders = Object.entries(about.sliders).map(([name, [min, max]]) => {
    const rest = name === "zoom" ? 1 : 0;
    const output = el("output", {}, said(name, rest));
    const control = el("input", { type: "range", min, max, step: max > 5 ? 1 : 0.05, value: rest });
    control.addEventListener("input", () => {
      output.textContent = said(name, Number(control.value));
      later();
    });
    const box = field(NAMES[name] ?? name, control);
    box.querySelector("label").append(" ", output);
    return { name, rest, control, output, box };
  });
  const box = el("details", { class: "pose" },
    el("summary", {}, "Mood, pose and expression"),
    el("div", { class: "stack" },
      el("div", { class: "photo" }, face), told, field("Mood", mood),
      GROUPS.map(([title, names]) => el("fieldset", {}, el("legend", {}, title),
        el("div", { class: "fields" }, names.flatMap((name) => sliders.filter((slider) => slider.name === name).map((slider) => slider.box))))),
      el("div", { class: "row" }, el("button", { type: "button", class: "quiet", onclick: rest }, "All at rest"))));
  box.addEventListener("toggle", later);

  let timer = 0;
  let asking = null;

  function rest() {
    mood.value = about.moods[0];
    for (const { name, rest: value, control, output } of sliders) {
      control.value = value;
      output.textContent = said(name, value);
    }
    later();
  }

  function read() {
    const moved = sliders.filter(({ control, rest: value }) => Number(control.value) !== value);
    return { mood: mood.value, sliders: Object.fromEntries(moved.map(({ name, control }) => [name, Number(control.value)])) };
  }

  function later() {
    clearTimeout(timer);
    if (box.open) timer = setTimeout(draw, PAUSE);
  }

  async function draw() {
    const shown = picture();
    asking?.abort();
    if (!shown) {
      face.hidden = true;
      told.textContent = "Choose a picture to see what the sliders do.";
      return;
    }
    const mine = (asking = new AbortController());
    try {
      const frame = await preview({ ...shown, ...read() }, mine.signal);
      const before = face.src;
      face.src = URL.createObjectURL(frame);
      face.hidden = false;
      told.textContent = "";
      if (before) URL.revokeObjectURL(before);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Refused)) throw error;
      told.textContent = error.message;
    }
  }

  return { box, read, redraw: later };
}

function said(name, value) {
  if (["yaw", "pitch", "roll"].includes(name)) return `${value}°`;
  return name === "zoom" ? `${value}×` : String(value);
}
