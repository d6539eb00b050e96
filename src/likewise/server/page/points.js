// Ten points of a face, placed by mouse, finger or arrow keys. Positions are shares of the picture.

import { check, el, field, svg } from "./dom.js";

const NAMES = {
  right_eye: "Right eye (on your left)",
  left_eye: "Left eye (on your right)",
  nose: "Tip of the nose",
  mouth_right: "Right corner of the mouth (on your left)",
  mouth_centre: "Middle of the mouth, between the lips",
  mouth_left: "Left corner of the mouth (on your right)",
  chin: "Chin",
  top: "Top of the forehead",
  right_side: "Right cheek (on your left)",
  left_side: "Left cheek (on your right)",
};
const KINDS = [["animal", "An animal"], ["drawing", "A drawing"], ["human", "A person"]];
const STEP = 0.004;
const SIZES = [0.3, 3];  // of the eyes, over what was guessed

/**
 * Put ten handles over a picture, and the face that they make.
 *
 * @param {Element} photo the picture's frame
 * @param {{points: Record<string, [number, number]>, eye_radii: [number, number], kind: string}} placed
 *   changed in place
 * @param {() => void} moved called after every change
 * @returns {{controls: Element}} what belongs under the picture: eye size, kind, the points' names
 */
export function placePoints(photo, placed, moved) {
  photo.classList.add("placing");
  const { points } = placed;
  const guessed = [...placed.eye_radii];
  const eyes = ["right_eye", "left_eye"].map(() => svg("ellipse"));
  const face = svg("polygon");
  const mouth = svg("polyline");
  photo.append(svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, face, mouth, eyes));

  function outline() {
    const at = (names) => names.map((name) => points[name].map((share) => 100 * share).join(",")).join(" ");
    face.setAttribute("points", at(["top", "left_side", "chin", "right_side"]));
    mouth.setAttribute("points", at(["mouth_right", "mouth_centre", "mouth_left"]));
    ["right_eye", "left_eye"].forEach((name, index) => {
      const [x, y] = points[name];
      const [rx, ry] = placed.eye_radii;
      for (const [key, share] of Object.entries({ cx: x, cy: y, rx, ry })) eyes[index].setAttribute(key, 100 * share);
    });
  }

  Object.keys(NAMES).forEach((name, index) => {
    const handle = el("button", { type: "button", class: "point", title: NAMES[name] }, String(index + 1));
    const put = (x, y) => {
      points[name] = [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
      show();
      outline();
      moved();
    };
    const show = () => {
      const [x, y] = points[name];
      handle.style.left = `${100 * x}%`;
      handle.style.top = `${100 * y}%`;
      handle.setAttribute("aria-label", `${index + 1}, ${NAMES[name]}: ${Math.round(100 * x)} % from the left, ${Math.round(100 * y)} % from the top. Arrow keys move it.`);
    };
    handle.addEventListener("keydown", (event) => {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
      if (dx === undefined) return;
      event.preventDefault();
      const step = event.shiftKey ? 5 * STEP : STEP;
      put(points[name][0] + dx * step, points[name][1] + dy * step);
    });
    let grip = [0, 0];  // from the finger to the point, so that a touch alone moves nothing
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
      const { left, top, width, height } = photo.getBoundingClientRect();
      grip = [points[name][0] - (event.clientX - left) / width, points[name][1] - (event.clientY - top) / height];
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { left, top, width, height } = photo.getBoundingClientRect();
      put(grip[0] + (event.clientX - left) / width, grip[1] + (event.clientY - top) / height);
    });
    photo.append(handle);
    show();
  });
  outline();

  const size = el("input", {
    type: "range", min: SIZES[0], max: SIZES[1], step: 0.05, value: 1,
    oninput: () => {
      placed.eye_radii = guessed.map((radius) => Math.min(1, radius * Number(size.value)));
      outline();
      moved();
    },
  });
  const kinds = el("fieldset", { class: "row" }, el("legend", {}, "What it is"),
    KINDS.map(([value, words]) => check("radio", {
      name: "kind", value, checked: value === placed.kind, onchange: () => { placed.kind = value; moved(); } }, words)));
  const legend = el("ol", { class: "legend" }, Object.values(NAMES).map((words) => el("li", {}, words)));
  return { controls: el("div", { class: "stack" }, kinds, field("Size of the eyes", size), legend) };
}
