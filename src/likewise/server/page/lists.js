// The library of voices and the history of jobs.

import { announce, ask, el, svg } from "./dom.js";
import { get, isActive, remove } from "./api.js";
import { jobTitle, stateChip } from "./job.js";
import { languageName, sampleButton, voiceName } from "./voice.js";

/** Draw the library. */
export async function drawVoices(place) {
  const { data } = await get("/v1/audio/voices");
  const mine = data.filter((voice) => voice.saved);
  const map = el("div", {});
  const groups = Map.groupBy ? Map.groupBy(data.filter((voice) => !voice.saved), (voice) => voice.language) : grouped(data.filter((voice) => !voice.saved));
  place.replaceChildren(
    mine.length
      ? el("ul", { class: "list" }, mine.map((voice) => savedVoice(voice, () => drawVoices(place))))
      : el("p", { class: "notice" }, "No voices of your own yet. In the studio, choose “New voice”, record ten seconds and keep it."),
    map,
    ...[...groups].map(([language, voices]) => el("section", { class: "group" }, el("h2", {}, languageName(language)),
      el("ul", { class: "tiles" }, voices.map((voice) => el("li", {}, sampleButton(voice.id, voiceName(voice), `Hear ${voiceName(voice)}`)))))),
  );
  if (mine.length) map.append(likenessMap(await get("/api/voices/map")) ?? "");
}

/** Saved voices among other speakers, and for each the one most like it, in words. */
function likenessMap({ map, nearest, left_out: leftOut }) {
  const mine = map.points.filter(({ role }) => role === "reference");
  if (!mine.length) return null;
  const reach = 1.12 * Math.max(...map.points.flatMap(({ x, y }) => [Math.abs(x), Math.abs(y)]));
  const across = (x) => 150 + (145 * x) / reach;
  const down = (y) => 100 - (95 * y) / reach;
  const dots = map.points.filter(({ role }) => role === "other").map(({ x, y }) => svg("circle", { class: "other", cx: across(x), cy: down(y), r: 2.2 }));
  const named = mine.map(({ name, x, y }) => svg("g", {},
    svg("circle", { cx: across(x), cy: down(y), r: 4 }),
    svg("text", { x: across(x) + (x > 0 ? -7 : 7), y: down(y) + 3.5, "text-anchor": x > 0 ? "end" : "start" }, name)));
  const said = nearest.map(({ name, other, cosine }) => el("li", {}, el("b", {}, name), ` is most like ${other}: ${cosine.toFixed(2)}`));
  return el("figure", { class: "map" },
    svg("svg", { viewBox: "0 0 300 200", role: "img", "aria-label": `Map of ${mine.length} saved voices among ${dots.length} other speakers; what is near sounds alike.` }, dots, named),
    el("figcaption", {}, "What is near sounds alike, as far as two directions can show it; grey dots are other speakers. ",
      said.length ? "Likeness of two recordings, where the same person reaches about .8 or more:" : "With a second voice, the likeness of both is told here.",
      said.length ? el("ul", {}, said) : null,
      leftOut.length ? el("p", {}, `Without a recording to compare: ${leftOut.join(", ")}.`) : null));
}

function grouped(voices) {
  const groups = new Map();
  for (const voice of voices) groups.set(voice.language, [...(groups.get(voice.language) ?? []), voice]);
  return groups;
}

function savedVoice(voice, changed) {
  const forget = async () => {
    if (!(await ask(`Delete the voice ${voice.name}?`, "What it has said stays in the history. The voice itself can't be brought back.", "Delete it"))) return;
    await remove(`/v1/audio/voices/${encodeURIComponent(voice.name)}`);
    announce(`The voice ${voice.name} is deleted.`);
    changed();
  };
  const facts = [voice.facts.seconds_used ? `from ${voice.facts.seconds_used} s of speech` : null, voice.facts.f0_hz ? `pitch ${voice.facts.f0_hz} Hz` : null, voice.engine].filter(Boolean);
  return el("li", { class: "item" },
    el("span", { class: "thumb", "aria-hidden": "true" }, voice.name[0].toUpperCase()),
    el("div", { class: "what" }, el("h3", {}, voice.name), el("p", { class: "soft" }, voice.consent || "no consent record"), el("p", { class: "soft" }, facts.join(" · "))),
    el("div", { class: "row" }, sampleButton(voice.name, "Hear it", `Hear ${voice.name}`), el("button", { type: "button", class: "quiet", "aria-label": `Delete ${voice.name}`, onclick: forget }, "Delete")));
}

/** Draw the history. */
export async function drawHistory(place) {
  const jobs = await get("/api/jobs");
  if (!jobs.length) {
    place.replaceChildren(el("p", { class: "notice" }, "Nothing yet."));
    return;
  }
  place.replaceChildren(el("ul", { class: "list" }, jobs.map((job) => pastJob(job, () => drawHistory(place)))));
}

function pastJob(job, changed) {
  const when = new Date(1000 * job.created).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const words = job.request.text || job.request.transcript || job.result.verdict?.[0] || job.error || jobTitle(job);
  const forget = async () => {
    if (!(await ask("Delete this result?", "Its files are removed from this computer.", "Delete it"))) return;
    await remove(`/api/jobs/${job.id}`);
    announce("Deleted.");
    changed();
  };
  return el("li", { class: "item" },
    job.inputs.picture ? el("img", { src: job.inputs.picture, alt: "", loading: "lazy" }) : el("span", { class: "thumb", "aria-hidden": "true" }, jobTitle(job)[0]),
    el("div", { class: "what" }, el("p", {}, words), el("p", { class: "soft" }, stateChip(job), ` ${jobTitle(job)} · ${when}`)),
    el("div", { class: "row" },
      el("a", { class: "button", href: `#job/${job.id}`, "aria-label": `Open ${jobTitle(job)} of ${when}` }, "Open"),
      isActive(job) ? null : el("button", { type: "button", class: "quiet", "aria-label": `Delete ${jobTitle(job)} of ${when}`, onclick: forget }, "Delete")));
}
