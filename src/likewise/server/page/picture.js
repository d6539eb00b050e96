// A picture: drop or choose it, see the face that was found, or place its points by hand.

import { announce, el, svg } from "./dom.js";
import { dropPlace } from "./drop.js";
import { placePoints } from "./points.js";

/**
 * A place for a picture.
 *
 * @param {object} options
 * @param {(picked: {id: string, points: object | string | null} | null) => void} options.changed
 * @param {boolean} [options.animated] whether the face will move, so that its points matter
 */
export function picturePlace({ changed, animated = false }) {
  const box = el("div", { class: "stack" });
  const place = dropPlace({
    kind: "picture",
    accept: "image/*",
    prompt: "Drop a portrait here: a photograph, a painting, a drawing. Looking at you is best.",
    button: "Choose a picture",
    taken: (upload, file) => show(upload, file.name),
  });

  function show(upload, name) {
    const { faces, trusted, points, eye_radii } = upload.look;
    const picked = { id: upload.id, points: null };
    const photo = el("div", { class: "photo" }, el("img", { src: upload.url, alt: `Your picture, ${name}` }));
    const under = el("div", { class: "stack" });
    box.replaceChildren(
      el("p", { class: "picked" }, el("b", { title: name }, name), el("button", { type: "button", class: "quiet", onclick: reset }, "Change")),
      photo,
      under,
    );
    const clear = () => photo.querySelectorAll("svg, .point").forEach((old) => old.remove());

    function outline() {
      // A find that is in doubt is taken only because the user says so.
      for (const key of ["eye_radii", "kind"]) delete picked[key];
      picked.points = trusted || !animated ? null : "auto";
      clear();
      photo.classList.remove("placing");
      photo.append(drawing(faces));
      const correct = animated && el("button", { type: "button", class: "quiet", onclick: edit }, "Place the points myself");
      under.replaceChildren(el("p", { class: `verdict-line ${trusted ? "good" : "fair"}` }, el("span", {}, said(faces))), correct || "");
      changed(picked);
    }

    function edit() {
      clear();
      const kind = trusted ? "human" : "animal";
      Object.assign(picked, { points: structuredClone(points), eye_radii: [...eye_radii], kind });
      const { controls } = placePoints(photo, picked, () => changed(picked));
      under.replaceChildren(
        el("p", { class: "notice" }, asking(faces, trusted)),
        controls,
        el("div", { class: "row" },
          el("button", { type: "button", class: "quiet", onclick: edit }, "Start again"),
          faces.length ? el("button", { type: "button", class: "quiet", onclick: outline }, "Use the face that was found") : null),
      );
      changed(picked);
    }

    if (!animated && !faces.length) {
      under.append(el("p", { class: "verdict-line fair" }, el("span", {}, "No face was found.")));
      changed(picked);
    } else if (trusted || !animated) outline();
    else edit();
    for (const note of upload.facts.notes ?? []) under.append(el("p", { class: "hint" }, note.replace("The file", name)));
    announce(trusted || !animated ? said(faces) : "Place ten points by hand.");
  }

  function reset() {
    box.replaceChildren(place);
    changed(null);
    place.querySelector("button").focus();
  }

  box.append(place);
  return box;
}

function asking(faces, trusted) {
  const drag = "Drag each point to its place, or choose it with the Tab key and move it with the arrow keys; the mouth matters most.";
  if (trusted) return drag;
  return faces.length
    ? `A face was found, but not for certain where its mouth is, as with animals and some drawings. ${drag}`
    : `No face was found by itself, as with animals and some drawings. ${drag}`;
}

function said(faces) {
  if (!faces.length) return "No face was found.";
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
