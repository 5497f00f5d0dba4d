// Questions about an Organization's assets, one after the other: conflicts first.

import { backToTable } from "./address.js";
import { ask, askRows, at } from "./api.js";
import { question } from "./assetsides.js";
import { heldBack } from "./caller.js";
import { counted, frame, make, named, part, say } from "./dom.js";
import { organizationWays } from "./organization.js";
import { countChips } from "./toolbar.js";
import { planNote } from "./trouble.js";

const FIRST = 20;
const MORE = 100;
const FRESH = { only: "", count: FIRST };
const KINDS = { conflict: ["in conflict", "red"], review: ["to review", "orange"] };
const state = { organization: "", ...FRESH };

export async function showReview(id, again, current) {
  if (state.organization !== id) Object.assign(state, FRESH, { organization: id });
  const read = (link) => askRows(at`/organizations/${id}/assets`, { link }, state.count);
  const [organization, conflict, review] = await Promise.all([ask("GET", at`/organizations/${id}`), read("conflict"), read("review")]);
  if (!(await current())) return false;
  const view = frame(`organization-${id}/review`);
  const change = (wanted) => {
    Object.assign(state, { count: FIRST }, wanted);
    return again();
  };
  const pages = { conflict, review };
  const wanted = Object.keys(KINDS).filter((it) => !state.only || state.only === it);
  const items = wanted.flatMap((it) => pages[it].items);
  const total = wanted.reduce((sum, it) => sum + pages[it].first.total, 0);
  part(view, "top", "always", () => backToTable());
  part(view, "ways", "always", () => organizationWays(id, "review"));
  part(view, "plan", heldBack(), () => planNote(heldBack()));
  part(view, "head", organization.name, () => make("div", { class: "chosen" }, make("h2", {}, "Assets of ", named(organization.name), " to review"),
    make("p", { class: "quiet" }, "A device is linked by its serial number or its ids. Where they do not settle it, you decide, and no sync changes what you decided.")));
  const chips = Object.entries(KINDS).map(([name, [label, colour]]) => ({ name, number: pages[name].first.total, label, colour }));
  part(view, "counts", [chips, state.only], () => make("div", { class: "counts" }, countChips("Questions by kind", chips, state.only, (only) => change({ only }))));
  questions(view, items, again);
  part(view, "end", [items.length, total, state], () => end(items, total, change));
  return false;
}

/** Each question keeps its place and what is in it while others go. */
function questions(view, items, again) {
  const list = part(view, "questions", "made once", () => make("div", { class: "questions" })).firstChild;
  const wanted = new Set(items.map((it) => it.id));
  for (const old of [...list.children]) if (!wanted.has(old.dataset.part)) old.remove();
  for (const [place, it] of items.entries()) {
    const made = part(list, it.id, [it, heldBack()], () => question(it, () => next(it.id, again)));
    if (list.children[place] !== made) list.insertBefore(made, list.children[place] ?? null);
  }
}

/** After an answer the next question has the focus. */
async function next(id, again) {
  const places = [...document.querySelectorAll("#view .questions > [data-part]")];
  const mine = places.findIndex((it) => it.dataset.part === id);
  const follower = places[mine + 1];
  places[mine]?.remove();
  await again();
  const left = document.querySelectorAll("#view .question").length;
  say(left ? `Done. ${counted(left, "question")} left.` : "Done. Nothing is left to review.");
  const heading = (follower?.isConnected ? follower : document.querySelector("#view .question"))?.querySelector("h3") ?? document.querySelector('[data-key="nothing-to-review"]');
  heading?.scrollIntoView({ block: "center" });
  heading?.focus({ preventScroll: true });
}

function end(items, total, change) {
  if (!items.length) return make("div", { class: "card blank" }, make("h3", { tabindex: "-1", "data-key": "nothing-to-review" }, "Nothing to review"),
    make("p", { class: "quiet" }, "New questions appear here when a sync finds a device that it is not sure about."));
  return make("div", { class: "foot quiet" }, make("span", {}, items.length < total ? `${items.length} of ${counted(total, "question")}` : counted(items.length, "question")),
    items.length < total ? make("button", { "data-key": "more", onclick: () => change({ count: state.count + MORE }) }, "Load more") : null);
}
