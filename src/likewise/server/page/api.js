// Talking to the server: one function a kind of request, errors in the server's own words.

import { byId } from "./dom.js";

/** What the server refused, and why. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server doesn't answer. Is “likewise serve” still running?");
  }
  if (answer.status === 401 && path !== "/api/session") {
    await openSession();
    return request(path, options);
  }
  if (answer.ok) {
    if (answer.status === 204) return null;
    return answer.headers.get("content-type").startsWith("image/") ? answer.blob() : answer.json();
  }
  const told = await answer.json().catch(() => null);
  throw new Refused(answer.status, told?.error?.message ?? `The server answered ${answer.status}.`);
}

export const get = (path) => request(path);
export const remove = (path) => request(path, { method: "DELETE" });
export const post = (path, data, signal) =>
  request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(data ?? {}),
    signal,
  });

/** One frame of a face with sliders, as a picture. */
export const preview = (asked, signal) => post("/api/preview", asked, signal);

/** Send a form with files in it. */
export function send(path, fields, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined) form.append(name, value);
  }
  return request(path, { method: "POST", body: form, signal });
}

/** Give a file to the server's intake; kind is sound, picture or media. */
export const upload = (file, kind, signal) => send("/api/uploads", { kind, file }, signal);

/** Follow a job: told(job) at every change; answers a function that stops following. */
export function follow(id, told) {
  const source = new EventSource(`/api/jobs/${id}/events`);
  source.addEventListener("job", (event) => {
    const job = JSON.parse(event.data);
    if (!isActive(job)) source.close();
    told(job);
  });
  return () => source.close();
}

export const isActive = (job) => job.state === "queued" || job.state === "running";

let opening = null;

function openSession() {
  opening ??= new Promise((resolve) => {
    const dialog = byId("key");
    const submit = async (event) => {
      event.preventDefault();
      const error = byId("key-error");
      try {
        await post("/api/session", { key: byId("key-input").value });
        byId("key-form").removeEventListener("submit", submit);
        byId("key-input").value = "";
        dialog.close();
        opening = null;
        resolve();
      } catch (refused) {
        error.textContent = refused.message;
        error.hidden = false;
      }
    };
    byId("key-form").addEventListener("submit", submit);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.showModal();
  });
  return opening;
}
