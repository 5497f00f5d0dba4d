// Small tables of the details pages; on a narrow screen each row becomes a card.

import { make, part } from "./dom.js";

export function section(title, ...content) {
  return make("section", { class: "card", "aria-label": title }, make("h3", {}, title), ...content);
}

/** A table; `rows` are lists of cells, as long as `heads`. */
export function listing(title, heads, rows) {
  return make("table", { role: "table", class: "listing", "aria-label": title },
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, heads.map((head) => make("th", { role: "columnheader", scope: "col" }, head)))),
    make("tbody", { role: "rowgroup" }, rows.map((cells) => make("tr", { role: "row" },
      cells.map((cell, place) => make("td", { role: "cell", "data-title": heads[place] }, cell ?? ""))))));
}

/** A section with a table that can be asked for more rows; with nothing to say when it is empty, it is left out. */
export function longSection(view, { title, heads, page, cells, more, empty }) {
  const filled = () => section(title,
    page.items.length ? listing(title, heads, page.items.map(cells)) : make("p", { class: "quiet" }, empty),
    page.items.length ? make("div", { class: "foot quiet" }, make("span", {}, page.more ? `The first ${page.items.length} are shown.` : `${page.items.length} in all`),
      page.more ? make("button", { "data-key": `more-${title}`, onclick: more }, "Load more") : null) : null);
  part(view, title, [page.items, page.more, empty], () => (page.items.length || empty ? filled() : null));
}
