// Ten points of a face, placed by mouse, finger or arrow keys. Positions are shares of the picture.

import { el } from "./dom.js";

const NAMES = {
  right_eye: "Right eye (on your left)",
  left_eye: "Left eye (on your right)",
  nose: "Tip of the nose",
  mouth_right: "Right corner of the mouth (on your left)",
  mouth_centre: "Middle of the mouth",
  mouth_left: "Left corner of the mouth (on your right)",
  chin: "Chin",
  top: "Top of the head",
  right_side: "Right cheek (on your left)",
  left_side: "Left cheek (on your right)",
};

// Where the points of an upright face lie in its box.
const SHAPE = {
  right_eye: [0.3, 0.4], left_eye: [0.7, 0.4], nose: [0.5, 0.58], mouth_right: [0.36, 0.76], mouth_centre: [0.5, 0.77],
  mouth_left: [0.64, 0.76], chin: [0.5, 0.97], top: [0.5, 0.03], right_side: [0.05, 0.5], left_side: [0.95, 0.5],
};
const STEP = 0.004;

/** A first guess: in the box of a face, or in the middle of the picture. */
export function START(face) {
  const [left, top, right, bottom] = face?.box ?? [0.25, 0.2, 0.75, 0.8];
  const place = ([x, y]) => [left + x * (right - left), top + y * (bottom - top)];
  return Object.fromEntries(Object.entries(SHAPE).map(([name, share]) => [name, place(share)]));
}

/**
 * Put ten handles over a picture.
 *
 * @param {Element} photo the picture's frame
 * @param {Record<string, [number, number]>} points moved in place
 * @param {() => void} moved called after every move
 */
export function placePoints(photo, points, moved) {
  photo.classList.add("placing");
  Object.keys(NAMES).forEach((name, index) => {
    const handle = el("button", { type: "button", class: "point", title: NAMES[name] }, String(index + 1));
    const put = (x, y) => {
      points[name] = [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
      show();
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
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const frame = photo.getBoundingClientRect();
      put((event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height);
    });
    photo.append(handle);
    show();
  });
  const legend = el("ol", { class: "legend" }, Object.values(NAMES).map((words) => el("li", {}, words)));
  return { legend };
}
