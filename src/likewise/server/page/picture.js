// A picture: drop or choose it, see the face that was found, or place its points by hand.

import { announce, el, svg } from "./dom.js";
import { dropPlace } from "./drop.js";
import { placePoints, START } from "./points.js";

/**
 * A place for a picture.
 *
 * @param {object} options
 * @param {(picked: {id: string, points: object | null} | null) => void} options.changed
 */
export function picturePlace({ changed }) {
  const box = el("div", { class: "stack" });
  const place = dropPlace({
    kind: "picture",
    accept: "image/*",
    prompt: "Drop a portrait here: a photograph, a painting, a drawing. Looking at you is best.",
    button: "Choose a picture",
    taken: (upload, file) => show(upload, file.name),
  });

  function show(upload, name) {
    const { faces } = upload.look;
    const picked = { id: upload.id, points: null, faces };
    const photo = el("div", { class: "photo" }, el("img", { src: upload.url, alt: `Your picture, ${name}` }));
    const under = el("div", { class: "stack" });
    box.replaceChildren(
      el("p", { class: "picked" }, el("b", { title: name }, name), el("button", { type: "button", class: "quiet", onclick: reset }, "Change")),
      photo,
      under,
    );

    function outline() {
      picked.points = null;
      photo.classList.remove("placing");
      photo.querySelectorAll("svg, .point").forEach((old) => old.remove());
      photo.append(drawing(faces));
      const correct = el("button", { type: "button", class: "quiet", onclick: () => edit(START(faces[0])) }, "Place the points myself");
      under.replaceChildren(el("p", { class: "verdict-line good" }, el("span", {}, said(faces))), correct);
      changed(picked);
    }

    function edit(points) {
      photo.querySelectorAll("svg, .point").forEach((old) => old.remove());
      picked.points = points;
      const { legend } = placePoints(photo, points, () => changed(picked));
      const words = faces.length
        ? "Drag each point to its place. The points are kept with the result; the face that was found still moves the picture."
        : "No face was found by itself, as with animals and some drawings. Drag the ten points to their places: they are kept with your request. The engine can't move such faces yet, so making the video will end with a word on that.";
      under.replaceChildren(
        el("p", { class: "notice" }, words),
        legend,
        faces.length ? el("button", { type: "button", class: "quiet", onclick: outline }, "Use the face that was found") : null,
      );
      changed(picked);
    }

    if (faces.length) outline();
    else edit(START(null));
    for (const note of upload.facts.notes ?? []) under.append(el("p", { class: "hint" }, note.replace("The file", name)));
    announce(faces.length ? said(faces) : "No face was found. Place ten points by hand.");
  }

  function reset() {
    box.replaceChildren(place);
    changed(null);
    place.querySelector("button").focus();
  }

  box.append(place);
  return box;
}

function said(faces) {
  const wide = Math.round(faces[0].width);
  const size = wide < 96 ? `; it is only ${wide} pixels wide, a larger one looks better` : "";
  return faces.length === 1 ? `One face found${size}.` : `${faces.length} faces found; the largest will speak${size}.`;
}

function drawing(faces) {
  const line = (points) => svg("polyline", { points: points.map(([x, y]) => `${100 * x},${100 * y}`).join(" ") });
  const others = faces.slice(1).map(({ box: [left, top, right, bottom] }) =>
    svg("rect", { class: "other", x: 100 * left, y: 100 * top, width: 100 * (right - left), height: 100 * (bottom - top) }));
  return svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, faces[0].lines.map(line), others);
}
