// Times: relative in words, exact in the tooltip, and they tick.

import { make } from "./dom.js";

const TICK_MS = 5000;
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const shortly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** "12 minutes ago" or "in 3 hours", with the exact time as a tooltip. */
export function ago(moment, otherwise = "never") {
  if (!moment) return make("span", { class: "quiet" }, otherwise);
  return make("time", { datetime: moment, title: exact(moment), "data-ticks": true }, inWords(moment));
}

/** The same with date and time below it, for whoever has no mouse to hover with. */
export function stamp(moment, otherwise) {
  return make("div", {}, ago(moment, otherwise), moment ? make("small", {}, shortly.format(new Date(moment))) : null);
}

export function exact(moment) {
  return exactly.format(new Date(moment));
}

export function day(moment) {
  return new Date(moment).toLocaleDateString(undefined, { dateStyle: "medium" });
}

function inWords(moment) {
  const seconds = Math.round((Date.parse(moment) - Date.now()) / 1000);
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  if (unit === "second") return seconds > 5 ? "in a moment" : "just now";
  return relative.format(Math.round(seconds / size), unit);
}

setInterval(() => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[data-ticks]")) {
    const text = inWords(time.getAttribute("datetime"));
    if (time.textContent !== text) time.textContent = text;
  }
}, TICK_MS);
