// Fields to search with: they wait until somebody pauses, and nothing disturbs whoever types.

import { make } from "./dom.js";

const TYPING_MS = 250;
const waiting = new Set(); // what ends the waiting of each field that somebody types into

// Whoever follows a link while a field waits has left what it searches; a filter beside it is no link.
addEventListener("hashchange", () => waiting.forEach((end) => end()));

/** A field; `onsearch` is given what is searched for, and `field.fill` shows what is searched for now. */
export function searchField({ key, label, hint, value, onsearch, ...more }) {
  let typing = 0;
  const end = () => {
    clearTimeout(typing);
    typing = 0;
    waiting.delete(end);
  };
  const field = make("input", {
    type: "search", "data-key": key, placeholder: hint, "aria-label": label, value, ...more,
    oninput: () => {
      end();
      waiting.add(end);
      typing = setTimeout(() => {
        end();
        onsearch(field.value.trim());
      }, TYPING_MS);
    },
  });
  field.fill = (text) => {
    if (!typing && field.value.trim() !== text) field.value = text;
  };
  return field;
}
