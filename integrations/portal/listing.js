// Small tables of the details pages; on a narrow screen each row becomes a card.

import { icon, make, part } from "./dom.js";

export const PHONE = matchMedia("(max-width: 30rem)");
const folded = new Map(); // title -> whether somebody folded or unfolded it; on a phone all are folded at first

/** A section that can be folded, and to whose heading others can lead. */
export function section(title, ...content) {
  const button = make("button", { class: "plain", "data-key": `fold-${title}`, onclick: () => fold(made, !made.classList.contains("folded")) }, title, icon("down"));
  const made = make("section", { class: "card", "aria-label": title, "data-section": title }, make("h3", { tabindex: "-1" }, button), ...content);
  fold(made, folded.get(title) ?? PHONE.matches);
  return made;
}

function fold(made, isFolded) {
  made.classList.toggle("folded", isFolded);
  const button = made.querySelector("h3 button");
  if (button.hasAttribute("aria-expanded")) folded.set(made.dataset.section, isFolded); // not when it is made
  button.setAttribute("aria-expanded", String(!isFolded));
}

/** Lead to a section: unfolded, into sight, and the focus on its heading. Whether there is one. */
export function leadTo(title) {
  const made = title ? document.querySelector(`[data-section="${CSS.escape(title)}"]`) : null;
  if (!made) return false;
  fold(made, false);
  const heading = made.querySelector("h3");
  heading.scrollIntoView({ block: "start" });
  heading.focus({ preventScroll: true });
  return true;
}

/** A table; `rows` are lists of cells, as long as `heads`. Its caption is only read out where a heading says the same. */
export function listing(title, heads, rows, { headed = false } = {}) {
  return make("table", { role: "table", class: "listing" },
    make("caption", { class: headed ? "unseen" : null }, title),
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, heads.map((head) => make("th", { role: "columnheader", scope: "col" }, head || make("span", { class: "unseen" }, "Actions"))))),
    make("tbody", { role: "rowgroup" }, rows.map((cells) => make("tr", { role: "row" },
      cells.map((cell, place) => make("td", { role: "cell", "data-title": heads[place] }, cell ?? ""))))));
}

/**
 * A section with a table that can be asked for more rows; with nothing to say when it is empty, it is left out.
 * `search` makes what stands above the table to search it with, and `found` says how many rows were found.
 */
export function longSection(view, { title, heads, page, cells, more, empty, search = null, found = null }) {
  const { items } = page;
  const isShown = items.length > 0 || Boolean(empty);
  const body = part(view, title, isShown, () => (isShown ? section(title) : null)).firstElementChild;
  if (!body) return;
  part(body, "search", search !== null, () => search?.());
  part(body, "rows", [items, page.more, empty, found], () => [
    items.length ? listing(title, heads, items.map(cells), { headed: true }) : make("p", { class: "quiet" }, empty),
    items.length || found ? make("div", { class: "foot quiet" }, make("span", {}, found ?? (page.more ? `The first ${items.length} are shown.` : `${items.length} in all`)),
      page.more && !found ? make("button", { "data-key": `more-${title}`, onclick: more }, "Load more") : null) : null,
  ]);
}
