// Small tools for making and finding elements; text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** Find one element by its id. */
export const byId = (id) => document.getElementById(id);

/**
 * Make an element: el("p", {class: "soft"}, "Hello").
 * Properties beginning with "on" are listeners; null, undefined and false are left out.
 */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** Make an SVG element. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  play: "M7 4.5v15l12-7.5z",
  stop: "M6 6h12v12H6z",
  record: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
};

/** An icon for a button whose words say what it does. */
export function icon(name) {
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

/** Tell a screen reader what changed. */
export function announce(text) {
  byId("status").textContent = text;
}

let counter = 0;

/** An id that no other element has. */
export const freshId = (stem) => `${stem}-${(counter += 1)}`;

/** A label above a control. */
export function field(label, control, hint = null) {
  control.id ||= freshId("field");
  const note = hint && el("p", { class: "hint", id: freshId("hint") }, hint);
  if (note) control.setAttribute("aria-describedby", note.id);
  return el("div", {}, el("label", { for: control.id }, label), control, note);
}

/** A checkbox or radio button with its words behind it. */
export function check(type, properties, ...words) {
  return el("label", { class: "check" }, el("input", { type, ...properties }), el("span", {}, ...words));
}

/** Ask before something is lost; answers whether the user agreed. */
export function ask(title, text, yes) {
  const dialog = byId("ask");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Seconds as people write them. */
export function seconds(value) {
  if (value < 60) return `${value.toFixed(1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}
