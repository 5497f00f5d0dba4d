// Questions of a user sync that only a person can answer: the Microsoft user and the End Users side by side.

import { sectionAddress } from "./address.js";
import { ask, askRows, at } from "./api.js";
import { heldBack, whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, frame, make, named, part, say, words } from "./dom.js";
import { GROUPS_NOT_READ, QUESTIONS, LINKED_BY } from "./syncwords.js";
import { ago } from "./times.js";
import { countChips } from "./toolbar.js";
import { planNote } from "./trouble.js";

const FIRST = 20;
const MORE = 100;
const FRESH = { kind: "", only: "open", count: FIRST };
const COMPARED = { name: "Name", mail: "Mail", username: "User name", phone: "Phone", job_title: "Job title" };
const CHOICES = { create: "Create a new End User", ignore: "Ignore", later: "Later" };
const state = { tenant: "", ...FRESH };

export async function showQueue(id, again, current) {
  if (state.tenant !== id) Object.assign(state, FRESH, { tenant: id });
  const [details, page] = await Promise.all([ask("GET", at`/tenants/${id}`), askRows(at`/tenants/${id}/user-sync/queue`, { kind: state.kind, only: state.only }, state.count)]);
  if (!(await current())) return false;
  const view = frame(`user-sync-${id}/queue`);
  const change = (wanted) => {
    Object.assign(state, { count: FIRST }, wanted);
    return again();
  };
  part(view, "top", "always", () => make("p", { class: "back" }, make("a", { href: sectionAddress(id, "user-sync") }, "\u2190 ", named(details.tenant.name)), make("a", { href: `#user-sync=${id}` }, "Settings"), make("a", { href: `#user-sync=${id}/links` }, "Links")));
  part(view, "head", details.tenant.name, () => make("div", { class: "chosen" }, make("h2", {}, "To decide for ", named(details.tenant.name)),
    make("p", { class: "quiet" }, "The sync does not guess who somebody is. Until you decide, nothing changes for these users.")));
  part(view, "plan", heldBack(), () => planNote(heldBack()));
  part(view, "counts", [page.first.counts, page.first.total, state], () => make("div", { class: "counts" },
    make("span", { class: "by", role: "group", "aria-label": "Which questions" }, [["open", "To decide"], ["later", "Put off"]].map(([only, label]) => make("button", {
      "data-key": `only-${only}`, "aria-pressed": String(state.only === only), onclick: () => change({ only, kind: "" }),
    }, label))),
    countChips("Questions by kind", Object.entries(QUESTIONS).map(([name, [label]]) => ({ name, number: page.first.counts[name] ?? 0, label, colour: "orange" })), state.kind, (kind) => change({ kind }))));
  questions(view, id, page.items, again);
  part(view, "end", [page.items.length, page.more, page.first.total, state], () => end(page, change));
  return false;
}

/** Each question keeps its place and what is in it while others go. */
function questions(view, id, items, again) {
  const list = part(view, "questions", "made once", () => make("div", { class: "questions" })).firstChild;
  const wanted = new Set(items.map((it) => it.id));
  for (const old of [...list.children]) if (!wanted.has(old.dataset.part)) old.remove();
  for (const [place, it] of items.entries()) {
    const made = part(list, it.id, [it, heldBack()], () => question(id, it, again));
    if (list.children[place] !== made) list.insertBefore(made, list.children[place] ?? null);
  }
}

function end({ items, more, first }, change) {
  if (!items.length) return make("div", { class: "card blank" }, make("h3", { tabindex: "-1", "data-key": "nothing-to-decide" }, state.only === "later" ? "Nothing is put off" : "Nothing to decide"),
    make("p", { class: "quiet" }, state.kind ? "There is no question of this kind." : "New questions appear here when a sync finds somebody it is not sure about."));
  return make("div", { class: "foot quiet" }, make("span", {}, more ? `${items.length} of ${counted(first.total, "question")}` : counted(items.length, "question")),
    more ? make("button", { "data-key": "more", onclick: () => change({ count: items.length + MORE }) }, "Load more") : null);
}

function question(id, it, again) {
  const [label, text] = it.kind === "filter_broken" && !it.missing_groups.length ? GROUPS_NOT_READ : QUESTIONS[it.kind] ?? [it.kind, ""];
  const name = it.user?.name ?? it.organization?.name ?? "";
  const does = (choice, endUser = null) => guarded(() => decide(id, it, choice, endUser, again));
  return make("section", { class: "card question", "aria-label": `${name}: ${label}` },
    make("h3", { tabindex: "-1" }, named(name), " ", make("span", { class: "mark orange" }, label)),
    make("p", {}, text, " ", make("span", { class: "quiet" }, "Since ", ago(it.since), ".")),
    it.missing_groups.length ? missing(id, it) : null,
    it.mail ? make("p", {}, "The address is ", make("code", {}, it.mail), ".") : null,
    it.kind === "would_move" && it.organization ? make("p", {}, "The filters give this user to ", make("strong", {}, named(it.organization.name)), ".") : null,
    it.user ? sides(it, does) : null,
    it.rivals.length ? make("p", { class: "quiet" }, "Other Microsoft users that match: ", ...it.rivals.flatMap((rival, place) => [place ? ", " : "", named(rival.name), ` (${rival.mail ?? rival.username})`])) : null,
    buttons(it, does));
}

function missing(id, { missing_groups: groups }) {
  return make("p", {}, groups.length === 1 ? "The missing group is " : "The missing groups are ", ...groups.flatMap((group, place) => [place ? ", " : "", make("code", {}, group)]), ". ",
    make("a", { href: `#user-sync=${id}`, "data-key": `form-${groups[0]}` }, "Change the filter"));
}

/** The Microsoft user first, then every End User that it may be; what is equal is marked. */
function sides({ user, candidates, choices, id }, does) {
  return make("div", { class: "sides" },
    side("Microsoft user", [user.is_enabled === false ? "disabled" : "", user.created_at ? ["created ", ago(user.created_at)] : ""], { ...COMPARED, department: "Department", office: "Office" }, user, () => false),
    candidates.map((it) => side("End User", [named(it.organization_name), it.end_user.is_active ? "" : "inactive"], COMPARED, it.end_user, (field) => isEqual(user[field], it.end_user[field]),
      foundBy(it.because),
      it.linked_to ? make("p", {}, "Linked to ", named(it.linked_to.name ?? it.linked_to.username ?? it.linked_to.object_id), it.linked_to.is_gone ? ", whose account is gone." : ".") : null,
      choices.includes("link") ? linking(it, id, does) : null)));
}

/** An End User has one user: a link to another one who is still there has to be undone first. */
function linking({ end_user: { id: endUser, name }, linked_to: other }, id, does) {
  if (!other || other.is_gone) return choiceButton("Link to this End User", `${id}-link-${endUser}`, does("link", endUser), name);
  return make("p", {}, "To link it to this user, ", make("a", { href: `#end-user=${endUser}`, "data-key": `${id}-linked-${endUser}` }, "undo that link"), " first.");
}

/** What the End User was found by; a link is no finding. */
function foundBy(because) {
  const said = because.filter((it) => it !== "link").map((it) => LINKED_BY[it] ?? words(it));
  return said.length ? make("p", { class: "quiet" }, `Found by: ${said.join(", ")}.`) : null;
}

function side(title, marks, fields, values, equals, ...more) {
  const shown = Object.entries(fields).filter(([field]) => values[field]);
  return make("div", { class: "side" }, make("h4", {}, title),
    make("p", { class: "quiet" }, ...marks.filter(Boolean).flatMap((it, place) => [place ? ", " : "", ...[it].flat()])),
    make("dl", {}, shown.flatMap(([field, label]) => [make("dt", {}, label), make("dd", {}, named(values[field]), equals(field) ? make("span", { class: "mark green" }, "equal") : null)])), ...more);
}

function isEqual(one, other) {
  return Boolean(one && other) && one.trim().toLocaleLowerCase() === other.trim().toLocaleLowerCase();
}

function choiceButton(label, key, run, whom = "") {
  return make("button", { "data-key": key, disabled: Boolean(whyOff()), title: whyOff(), "aria-label": whom ? `${label}: ${whom}` : null, onclick: run }, label);
}

function buttons({ id, choices, organization, is_later: isLater }, does) {
  const shown = Object.entries(CHOICES).filter(([choice]) => choices.includes(choice) && !(choice === "later" && isLater));
  const move = choices.includes("move") ? choiceButton(organization ? ["Move to ", named(organization.name)] : "Move", `${id}-move`, does("move")) : null;
  return shown.length || move ? make("div", { class: "bar" }, move, shown.map(([choice, label]) => choiceButton(label, `${id}-${choice}`, does(choice)))) : null;
}

/** Send what was decided; the next question has the focus. */
async function decide(id, it, choice, endUser, again) {
  const [mine, next] = neighbours(it.id);
  try {
    await ask("POST", at`/tenants/${id}/user-sync/queue/${it.id}/decision`, endUser ? { choice, end_user_id: endUser } : { choice });
  } catch (error) {
    if (error.code !== "question_gone") throw error;
    say("This question is open no more.");
  }
  mine?.remove();
  await again();
  const left = document.querySelectorAll("#view .question").length;
  say(left ? `Done. ${counted(left, "question")} left.` : "Done. Nothing is left to decide.");
  const heading = (next?.isConnected ? next : document.querySelector("#view .question"))?.querySelector("h3") ?? document.querySelector('[data-key="nothing-to-decide"]');
  heading?.scrollIntoView({ block: "center" });
  heading?.focus({ preventScroll: true });
}

/** The places of a question and of the one after it. */
function neighbours(questionId) {
  const places = [...document.querySelectorAll("#view .questions > [data-part]")];
  const mine = places.findIndex((it) => it.dataset.part === questionId);
  return [places[mine], places[mine + 1]];
}
