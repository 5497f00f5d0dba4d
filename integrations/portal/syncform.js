// The settings of a tenant's user sync: whom it takes into which Organization. Nothing is saved that nobody has seen a preview of.

import { sectionAddress } from "./address.js";
import { ask, askIfSame, at } from "./api.js";
import { heldBack, whyOff } from "./caller.js";
import { guarded, open } from "./dialog.js";
import { bullets, frame, make, named, note, part, problem, say } from "./dom.js";
import { helpLinks, linkList } from "./links.js";
import { planned } from "./preview.js";
import { everybody, tick } from "./syncfilter.js";
import { organizationCards } from "./syncorganizations.js";
import { FIELDS, sentence } from "./syncwords.js";
import { planNote } from "./trouble.js";

const CHOICES_MS = 300000; // what a filter can be made of changes slowly, and is read from all users
const SWITCHES = {
  enabled_only: ["Only enabled accounts", "End Users of disabled accounts become inactive, and none are created for them."],
  licensed_only: ["Only users with a paid license", ""],
  people_only: ["Only people", "Shared mailboxes, rooms, equipment and call queues are left out, where they are known."],
  mail_required: ["Create End Users only for users with a mail address", ""],
  moves_by_itself: ["Move End Users to another Organization without asking", "Only those that the sync created. Otherwise you decide about each."],
};
const AUTHORITY = { microsoft: "Microsoft, always", on_change: "Microsoft, when it changes there", fill_blank: "Microsoft, if it is blank here", portal: "The portal" };
const FRESH = { base: null, draft: null, errors: [], plan: null, previewed: "", job: null, failure: null, changedMeanwhile: false, choices: null, choicesAt: -Infinity };
const state = { tenant: "", ...FRESH };

/** Show the settings; true while a preview is being made. */
export async function showForm(id, again, current) {
  if (state.tenant !== id) Object.assign(state, FRESH, { tenant: id });
  const [details, sync] = await Promise.all([ask("GET", at`/tenants/${id}`), ask("GET", at`/tenants/${id}/user-sync`), readChoices(id)]);
  const job = state.job?.plan_id && await ask("GET", at`/tenants/${id}/user-sync/plans/${state.job.plan_id}`);
  if (!(await current())) return false;
  take(sync);
  if (job) follow(job);
  draw(id, { details, sync, again });
  return Boolean(state.job);
}

async function readChoices(id) {
  if (performance.now() - state.choicesAt < CHOICES_MS) return;
  state.choices = await ask("GET", at`/tenants/${id}/user-sync/choices`);
  state.choicesAt = performance.now();
}

/** What is saved, unless somebody is at work on it; then it is only said that it has changed. */
function take(sync) {
  if (state.base && (isSame(state.base, sync.settings) || !isSame(state.draft, firstDraft(state.base, sync)))) return;
  state.base = sync.settings;
  state.draft = firstDraft(sync.settings, sync);
}

/** The mapped Organization takes everybody, until somebody says otherwise. */
function firstDraft(settings, { organizations: [mapped] }) {
  if (settings.organizations.length || !mapped) return settings;
  return { ...settings, organizations: [{ organization_id: mapped.id, is_on: true, filter: everybody() }] };
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether this form is still before somebody's eyes. */
function isShown(id) {
  return state.tenant === id && document.getElementById("view").dataset.view === `user-sync-${id}`;
}

function draw(id, told) {
  const { details, sync, again } = told;
  const view = frame(`user-sync-${id}`);
  const held = heldBack();
  const redraw = () => isShown(id) && draw(id, told);
  const change = (draft, errors = []) => {
    Object.assign(state, { draft, errors });
    redraw();
  };
  const elsewhere = !isSame(state.base, sync.settings);
  part(view, "top", "always", () => make("p", { class: "back" }, make("a", { href: sectionAddress(id, "user-sync") }, "\u2190 ", named(details.tenant.name))));
  part(view, "head", [details.tenant.name, sync.state_label], () => head(details.tenant, sync));
  part(view, "plan", held, () => planNote(held));
  part(view, "elsewhere", elsewhere, () => (elsewhere ? note("orange", "Somebody else has changed these settings since you began.", "", make("button", { "data-key": "theirs", onclick: () => discard(redraw, sync) }, "Discard my changes")) : null));
  part(view, "organizations", [state.draft, sync.organizations, state.errors, held], () => organizationCards(state.draft, { known: sync.organizations, choices: state.choices, errors: state.errors, change }));
  part(view, "switches", [state.draft, state.errors, held], () => make("section", { class: "card", "aria-label": "Whom it takes in all Organizations" }, make("h3", {}, state.draft.organizations.length > 1 ? "In all Organizations" : "For all users"),
    make("div", { class: "switches" }, Object.entries(SWITCHES).map(([name, [label, meaning]]) => tick(label, state.draft[name], `switch-${name}`, (isOn) => change({ ...state.draft, [name]: isOn }, state.errors), meaning))), authority(change)));
  part(view, "errors", state.errors, () => otherErrors());
  part(view, "ways", [state.draft, state.job, Boolean(state.plan), sync.state, held], () => ways(id, told, redraw));
  part(view, "preview", [state.plan, state.job, state.failure, isPreviewed(), state.changedMeanwhile, sync.state, held], () => preview(id, told, redraw));
}

function head({ name }, sync) {
  return make("div", { class: "chosen" }, make("h2", {}, "Entra ID User Sync of ", named(name)),
    make("p", { class: "quiet" }, make("strong", { class: `mark ${sync.state_colour}` }, sync.state_label), ". Users of this tenant become End Users of your Organizations. They are created, linked, updated and made inactive, and never deleted. Nothing changes at Microsoft."), linkList(helpLinks("user_sync")));
}

function authority(change) {
  const value = (field) => state.draft.authority[field] ?? "microsoft";
  return make("details", { class: "meanings" }, make("summary", { "data-key": "authority" }, "Which side a field follows"),
    make("p", { class: "quiet" }, "A blank value at Microsoft never overwrites anything."),
    make("div", { class: "sides" }, Object.entries(FIELDS).map(([field, label]) => {
      const choice = make("select", { "data-key": `authority-${field}`, onchange: () => change({ ...state.draft, authority: { ...state.draft.authority, [field]: choice.value } }, state.errors) },
        Object.entries(AUTHORITY).map(([name, said]) => make("option", { value: name }, said)));
      choice.value = value(field);
      return make("label", {}, make("span", {}, label), choice);
    })));
}

/** What is wrong elsewhere than in an Organization. */
function otherErrors() {
  const others = state.errors.filter((it) => !it.pointer.startsWith("/organizations/"));
  if (!state.errors.length) return null;
  return make("div", { role: "alert" }, note("red", "The settings are not valid yet.", others.length ? "" : "What is wrong is said above, beside each field.", ...others.map((it) => make("p", {}, sentence(it.detail)))));
}

function ways(id, told, redraw) {
  const off = whyOff();
  const { sync } = told;
  const isChanged = !isSame(state.draft, state.base);
  const previewed = Boolean(state.plan);
  return make("div", { class: "bar" },
    make("button", { class: previewed ? null : "main", "data-key": "preview", disabled: Boolean(off || state.job || !state.draft.organizations.length), title: off, onclick: () => seek(id, redraw, told.again) }, previewed ? "Preview again" : "Preview"),
    previewed ? null : make("span", { class: "quiet" }, "Shows what the sync would do. Nothing changes."),
    onlySides() ? make("button", { "data-key": "save-sides", disabled: Boolean(off), title: off, onclick: guarded(() => save(id, told, redraw)) }, "Save") : null,
    isChanged && sync.state !== "off" ? make("button", { "data-key": "discard", onclick: () => discard(redraw, sync) }, "Discard changes") : null,
    make("span", { class: "gap" }),
    sync.state === "off" ? null : make("button", { "data-key": "turn-off", disabled: Boolean(off), title: off, onclick: () => turnOff(id, told) }, "Turn off user sync"));
}

/** Which side a field follows is saved without a preview: it makes nobody inactive. */
function onlySides() {
  return !isSame(state.draft, state.base) && isSame({ ...state.draft, authority: null }, { ...state.base, authority: null });
}

function discard(redraw, sync) {
  Object.assign(state, { base: sync.settings, draft: firstDraft(sync.settings, sync), errors: [], plan: null, failure: null });
  redraw();
}

function isPreviewed() {
  return state.previewed === JSON.stringify(state.draft);
}

/** Have the plan made; a big one takes a while, and is followed with every look. */
async function seek(id, redraw, again) {
  const settings = state.draft;
  Object.assign(state, { errors: [], failure: null, plan: null, changedMeanwhile: false, job: { plan_id: null }, previewed: JSON.stringify(settings) });
  redraw();
  try {
    const told = await ask("POST", at`/tenants/${id}/user-sync/plan`, { settings });
    if (told.plan_hash) arrive(told);
    else state.job = { plan_id: told.plan_id, progress: null };
  } catch (error) {
    state.job = null;
    if (!tellErrors(error)) state.failure = { message: error.message, remedy: error.remedy };
  }
  redraw();
  if (state.plan) lookAtPlan();
  else if (state.job) again();
  else document.querySelector("#view .wrong")?.scrollIntoView({ block: "center" });
}

/** A preview that is being made: how far it is, or what came of it. */
function follow(job) {
  if (job.state === "running") state.job = job;
  else if (job.plan) arrive(job.plan);
  else Object.assign(state, { job: null, failure: { message: job.failure?.detail ?? "The preview could not be made.", remedy: job.failure?.remedy } });
}

function arrive(plan) {
  Object.assign(state, { job: null, plan });
  say("The preview is there.");
}

/** Tell what is wrong beside the fields; whether it is about them. */
function tellErrors({ status, errors }) {
  if (status !== 400 || !errors.length) return false;
  state.errors = errors.map((it) => ({ ...it, pointer: it.pointer.replace(/^\/settings(?=\/)/, "") }));
  return true;
}

function lookAtPlan() {
  const heading = document.querySelector("#view .preview h3");
  heading?.scrollIntoView({ block: "start" });
  heading?.focus({ preventScroll: true });
}

function preview(id, told, redraw) {
  if (state.failure) return problem(state.failure);
  if (state.job) return progress(state.job.progress);
  if (!state.plan) return null;
  const off = whyOff() ?? (isPreviewed() ? null : "Preview the changed settings first.");
  return make("section", { class: "card preview", "aria-label": "Preview" }, make("h3", { tabindex: "-1" }, "Preview"),
    isPreviewed() ? null : note("grey", "The settings have changed since this preview.", "Select Preview again to see what they would do now."),
    state.changedMeanwhile ? note("orange", "The users have changed since the preview that you looked at, so nothing was saved.", "This is the new one. Look at it, and confirm again.") : null,
    planned(state.plan),
    make("div", { class: "bar" }, make("button", { class: "main", "data-key": "save", disabled: Boolean(off), title: off, onclick: guarded(() => save(id, told, redraw, state.plan)) },
      told.sync.state === "off" ? "Turn on user sync" : "Save"), make("span", { class: "quiet" }, "Nothing has changed yet.")));
}

function progress(done) {
  return note("orange", "The preview is being made.", "", make("progress", { "aria-label": "Preview", value: done?.total ? done.done : null, max: done?.total ?? null }),
    make("p", { class: "quiet" }, done?.total ? `${done.done.toLocaleString()} of ${done.total.toLocaleString()} users compared.` : "A tenant with many users takes a minute or two."));
}

/** Save the settings, if they are still those that were changed, and if the sync would still do what was looked at. */
async function save(id, { again }, redraw, plan = null) {
  const path = at`/tenants/${id}/user-sync`;
  const { settings } = await ask("GET", path);
  if (!isSame(settings, state.base)) return again();
  try {
    await askIfSame("PUT", path, plan ? { settings: state.draft, plan_hash: plan.plan_hash } : { settings: state.draft });
  } catch (error) {
    if (error.code === "plan_changed") Object.assign(state, { plan: error.plan, changedMeanwhile: true });
    else if (error.code === "plan_needed") return seek(id, redraw, again);
    else if (!tellErrors(error)) throw error;
    redraw();
    return error.code === "plan_changed" && lookAtPlan();
  }
  state.tenant = "";
  location.hash = sectionAddress(id, "user-sync");
}

function turnOff(id, { details }) {
  open("Turn off user sync", make("div", {},
    make("p", {}, "Users of ", make("strong", {}, named(details.tenant.name)), " are no longer synced into End Users."),
    bullets(["End Users stay as they are. None is deleted, and none becomes inactive.", "Links to Microsoft users stay, but no field is updated any more.", "You can turn it on again. The links are then used as before.", "Nothing changes at Microsoft."])),
  [
    { label: "Cancel" },
    { label: "Turn off", style: "danger", run: async () => {
      const path = at`/tenants/${id}/user-sync`;
      await ask("GET", path);
      await askIfSame("DELETE", path);
      state.tenant = "";
      location.hash = sectionAddress(id, "user-sync");
    } },
  ]);
}
