// A job: its progress by stage, how to stop it, and what came of it.

import { announce, el, seconds, svg } from "./dom.js";
import { follow, get, isActive, post } from "./api.js";

const STAGES = {
  enrolling: "Learning the voice", speaking: "Speaking", listening: "Listening", rendering: "Drawing the face",
  verifying: "Judging the result", explaining: "Explaining", watching: "Watching the face",
};
const STATES = { queued: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled", interrupted: "interrupted" };
const KINDS = { talk: "Talking video", speak: "Speech", animate: "Animated recording", verify: "Check", explain: "Explanation" };
const FILES = {
  "video.mp4": "Video", "subtitles.srt": "Subtitles (.srt)", "subtitles.vtt": "Subtitles (.vtt)", "report.json": "Report as data",
  "spectrogram.png": "Spectrogram", "explanation.json": "Explanation as data", "points.json": "Points", "report.html": "Report (.html)",
};

export const jobTitle = (job) => KINDS[job.kind] ?? job.kind;
export const stateChip = (job) => el("span", { class: `chip ${job.state}` }, STATES[job.state]);

let stopFollowing = () => {};

/** Show a job in a place, and follow it until it is finished. */
export function showJob(place, id, finished = () => {}) {
  stopFollowing();
  let spoken = "";
  stopFollowing = follow(id, (job) => {
    if (isActive(job)) {
      drawProgress(place, job);
      const stage = Object.keys(job.progress).at(-1);
      if (stage && stage !== spoken) announce(`${STAGES[stage] ?? stage}.`);
      spoken = stage;
    } else {
      drawEnd(place, job);
      announce(`${jobTitle(job)}: ${STATES[job.state]}.`);
      finished(job);
    }
  });
}

/** What is shown before anything was made. */
export function drawNothing(place) {
  stopFollowing();
  place.replaceChildren(el("div", { class: "empty" },
    svg("svg", { viewBox: "0 0 120 60", "aria-hidden": "true" }, svg("path", { d: "M4 34c7-22 14-22 21 0s14 22 21 0 14-22 21 0 14 22 21 0 14-22 28 0" })),
    el("p", {}, "The video appears here, beside what it was made from, with a report on how alike it is.")));
}

function drawProgress(place, job) {
  let box = place.querySelector(`[data-job="${job.id}"]`);
  if (!box) {
    const cancel = el("button", { type: "button", onclick: async () => { cancel.disabled = true; await post(`/api/jobs/${job.id}/cancel`).catch(() => {}); } }, "Cancel");
    box = el("div", { class: "card stack", "data-job": job.id },
      el("p", { class: "soft", "data-part": "state" }), el("ul", { class: "stages" }), el("div", { class: "row" }, cancel));
    place.replaceChildren(box);
  }
  const waiting = job.state === "queued";
  box.querySelector("[data-part=state]").textContent = waiting
    ? "Waiting for its turn: one thing is made at a time."
    : Object.keys(job.progress).length ? "Working. You may close this page; it goes on." : "Loading the models.";
  const list = box.querySelector(".stages");
  for (const [stage, { done, total, unit }] of Object.entries(job.progress)) {
    let row = list.querySelector(`[data-stage="${stage}"]`);
    if (!row) {
      row = el("li", { "data-stage": stage }, el("span", {}, STAGES[stage] ?? stage), el("span", {}), el("progress", { max: 1, "aria-label": STAGES[stage] ?? stage }));
      list.append(row);
    }
    row.querySelector("span:last-of-type").textContent = total ? `${done} of ${total} ${unit}` : `${done} ${unit}`;
    const bar = row.querySelector("progress");
    if (total) bar.value = Math.min(1, done / total);
  }
}

function drawEnd(place, job) {
  if (job.state === "done") {
    drawResult(place, job);
    return;
  }
  const words = {
    cancelled: "Stopped, as you asked. Nothing half-made was left behind.",
    interrupted: "The program ended while this was being made. What it was made from is still here.",
    failed: job.error,
  }[job.state];
  const again = el("button", { type: "button", onclick: async () => { location.hash = `#job/${(await post(`/api/jobs/${job.id}/again`)).id}`; } }, "Run it again");
  place.replaceChildren(el("div", { class: "card stack", role: job.state === "failed" ? "alert" : null },
    el("p", {}, stateChip(job)), el("p", {}, words), el("div", { class: "row" }, again)));
}

async function drawResult(place, job) {
  const { files, inputs, result } = job;
  const box = el("div", { class: "card stack" });
  if (files["video.mp4"]) {
    const video = el("video", { controls: true, playsinline: true, preload: "auto", src: files["video.mp4"], poster: job.request.crop === "none" ? inputs.picture : null, "aria-label": "The talking video" },
      files["subtitles.vtt"] ? el("track", { kind: "captions", src: files["subtitles.vtt"], srclang: result.language || "en", label: "Subtitles" }) : null);
    box.append(el("div", { class: "pair-view" },
      inputs.picture ? el("figure", {}, el("img", { class: "shown", src: inputs.picture, alt: "The picture it was made from" }), el("figcaption", {}, "Source")) : null,
      el("figure", {}, video, el("figcaption", {}, "Result"))));
  }
  const sound = Object.keys(files).find((name) => name.startsWith("speech."));
  if (sound) box.append(player("The new speech", files[sound]));
  if (files["spectrogram.png"]) box.append(el("img", { class: "shown", src: files["spectrogram.png"], alt: "Mel spectrograms of recording and speech, with onset strength." }));
  if (files["explanation.png"]) box.append(el("a", { href: files["explanation.png"], target: "_blank", rel: "noopener" }, el("img", { class: "shown", src: files["explanation.png"], alt: (result.sentences ?? []).join(" ") })));
  if (inputs.voice_file) box.append(player("The voice it was taken from", inputs.voice_file));
  if (inputs.recording) box.append(player("The recording of the person", inputs.recording));
  const sentences = result.sentences ?? [];
  if (sentences.length) box.append(el("div", { class: "verdict" }, sentences.map((sentence) => el("p", {}, sentence))));
  const report = el("div", { class: "stack" });
  box.append(report);
  for (const note of result.notes ?? []) box.append(el("p", { class: "hint" }, note));
  const facts = [
    result.seconds ? `${seconds(result.seconds)} long` : null,
    result.size ? `${result.size[0]} × ${result.size[1]}` : null,
    result.took ? `made in ${seconds(result.took)}` : null,
  ].filter(Boolean);
  box.append(el("p", { class: "soft" }, facts.join(" · ")));
  box.append(el("div", { class: "row" },
    sorted(files).map(([name, url], i) =>
      el("a", { class: i === 0 ? "button" : "quiet", href: `${url}?download=true`, download: name }, FILES[name] ?? name))));
  place.replaceChildren(box);
  if (files["report.json"]) drawReport(report, await get(files["report.json"]), files["report.html"]);
}

function sorted(files) {
  const order = Object.keys(FILES);  // what it doesn't name, such as speech.wav, comes first
  return Object.entries(files).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}

function player(words, url) {
  return el("figure", {}, el("figcaption", {}, words), el("audio", { controls: true, preload: "metadata", src: url, "aria-label": words }));
}

function drawReport(place, report, page) {
  const measured = report.metrics.filter((metric) => metric.normalised !== null && metric.status === "ok").slice(0, 6);
  const row = (metric) => {
    const share = Math.min(1, Math.max(0, metric.normalised));
    return el("tr", {}, el("th", { scope: "row" }, metric.name), el("td", {}, `${number(metric.value)} ${metric.unit}`.trim()),
      el("td", { class: "bar" }, el("progress", { max: 1, value: share, "aria-label": `${metric.name}: ${Math.round(100 * share)} % of the way from unlike to the original` })));
  };
  place.append(
    el("h3", {}, "How alike it is"),
    el("div", { class: "verdict" }, report.verdict.map((sentence) => el("p", {}, sentence))),
    ...(measured.length ? [
      el("table", { class: "measures" }, el("tbody", {}, measured.map(row))),
      el("p", { class: "hint" }, "Each bar begins at something unlike (another speaker, a shuffled track) and ends at the original compared with itself."),
    ] : []),
    el("p", {}, el("a", { href: page, target: "_blank", rel: "noopener" }, "Read the full report")),
  );
}

function number(value) {
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}
