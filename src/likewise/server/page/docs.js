// The API's documentation, drawn from openapi.json: no library, no network.

import { byId, el } from "./dom.js";

const schema = await (await fetch("/openapi.json")).json();
byId("base").textContent = location.origin;

function described(path, method, route) {
  const body = Object.values(route.requestBody?.content ?? {})[0]?.schema;
  return el("details", { class: "card" },
    el("summary", {}, el("code", {}, `${method.toUpperCase()} ${path}`), ` ${route.summary ?? ""}`),
    el("div", { class: "stack" },
      el("p", {}, route.description ?? ""),
      route.parameters?.length ? fields("Parameters", route.parameters.map((each) => [each.name, each.schema, each.required, each.description])) : null,
      body ? fields("Body", Object.entries(properties(body)).map(([name, each]) => [name, each, required(body).includes(name), each.description])) : null));
}

function fields(title, rows) {
  return el("div", {}, el("h3", {}, title), el("table", { class: "measures" }, el("tbody", {}, rows.map(([name, type, needed, words]) =>
    el("tr", {}, el("th", { scope: "row" }, el("code", {}, name), needed ? " (needed)" : ""), el("td", {}, kind(type)), el("td", { class: "words" }, words ?? ""))))));
}

const resolved = (type) => (type?.$ref ? schema.components.schemas[type.$ref.split("/").pop()] : type) ?? {};
const properties = (type) => resolved(type).properties ?? {};
const required = (type) => resolved(type).required ?? [];

function kind(type) {
  const found = resolved(type);
  if (found.enum) return found.enum.join(" | ");
  if (found.anyOf) return found.anyOf.map(kind).join(" or ");
  const range = found.minimum !== undefined ? `, ${found.minimum} to ${found.maximum}` : "";
  return `${found.format === "binary" ? "file" : found.type ?? "object"}${range}`;
}

const groups = new Map();
for (const [path, methods] of Object.entries(schema.paths)) {
  for (const [method, route] of Object.entries(methods)) {
    const group = route.tags?.[0] ?? "other";
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(described(path, method, route));
  }
}
byId("routes").append(...[...groups].map(([name, routes]) => el("section", { class: "group" }, el("h2", {}, name), routes)));
