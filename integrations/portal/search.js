// Fields to search with: they wait until somebody pauses, and nothing disturbs whoever types.

import { make } from "./dom.js";

const TYPING_MS = 250;

/** A field; `onsearch` is given what is searched for, and `field.fill` shows what is searched for now. */
export function searchField({ key, label, hint, value, onsearch, ...more }) {
  let typing = 0;
  const field = make("input", {
    type: "search", "data-key": key, placeholder: hint, "aria-label": label, value, ...more,
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        typing = 0;
        onsearch(field.value.trim());
      }, TYPING_MS);
    },
  });
  field.fill = (text) => {
    if (!typing && field.value.trim() !== text) field.value = text;
  };
  return field;
}
