// The section of a tenant's page about its user sync: how it stands, what it waits for, and the ways on.

import { ask, at, load } from "./api.js";
import { heldBack, whyOff } from "./caller.js";
import { counted, facts, make, named, note, part, stylesheet } from "./dom.js";
import { section } from "./listing.js";
import { ago } from "./times.js";

export const USER_SYNC = "User sync";
const SAID = {
  off: "The users of this tenant are not synced into End Users.",
  waiting: "The first sync follows in a moment.",
  synced: "Users of this tenant are kept up to date as End Users.",
  held: "The sync waits for you. Nothing was changed.",
  failed: "The last sync did not work. End Users stay as they are.",
  resting: "The plan of your account does not include the user sync. End Users stay as they are.",
};
const NOT_THERE = [404, 409]; // not mapped, or not any more

/** What is known about a tenant's user sync; null for one that has none. What only some of them need is loaded for those. */
export async function readUserSync(id, { syncro_tenant: mapped }) {
  if (!mapped) return null;
  const sync = await ask("GET", at`/tenants/${id}/user-sync`).catch((error) => {
    if (NOT_THERE.includes(error.status)) return null;
    throw error;
  });
  if (!sync?.counts) return sync;
  const { reasonsOf } = await load(() => import("./syncwords.js"));
  if (!sync.hold) return { ...sync, reasonsOf };
  const [{ heldParts }] = await Promise.all([load(() => import("./held.js")), stylesheet("usersync.css")]);
  return { ...sync, reasonsOf, heldParts };
}

export function userSyncPart(view, id, sync, again) {
  const body = part(view, "user-sync", Boolean(sync), () => (sync ? section(USER_SYNC) : null)).firstElementChild;
  if (!body) return;
  part(body, "state", [sync.state, sync.state_label, sync.synced_at, heldBack()], () => make("div", { class: "sum" },
    make("p", {}, make("strong", { class: `mark ${sync.state_colour}` }, sync.state_label), " ", make("span", { class: "quiet" }, SAID[sync.state] ?? "", ...(sync.synced_at ? [" As of ", ago(sync.synced_at), "."] : []))),
    setUp(id, sync)));
  part(body, "failure", sync.failure, () => (sync.failure ? note("red", sync.failure.detail, sync.failure.remedy) : null));
  part(body, "hold", [sync.hold, heldBack()], () => sync.heldParts?.(id, sync.hold, again));
  part(body, "counts", [sync.counts, sync.skipped, sync.organizations, sync.settings.organizations], () => (sync.counts ? numbers(id, sync) : null));
}

function setUp(id, { state }) {
  const off = state === "off" ? whyOff() : null;
  return make("button", {
    class: state === "off" ? "main" : null, disabled: Boolean(off), title: off, "data-key": "set-up-user-sync", onclick: () => { location.hash = `user-sync=${id}`; },
  }, state === "off" ? "Set up user sync" : "Settings");
}

/** How many, and the ways to them. */
function numbers(id, { counts, skipped, reasonsOf, organizations, settings }) {
  const link = (text, place) => make("a", { href: place, "data-key": place }, text);
  const names = new Map(organizations.map((it) => [it.id, it.name]));
  const undecided = counts.queued || counts.later ? link(counted(counts.queued, "question"), `#user-sync=${id}/queue`) : "nothing";
  return facts([
    ["Linked", [link(counted(counts.linked, "End User"), `#user-sync=${id}/links`), counts.inactive ? `, ${counts.inactive.toLocaleString()} of them inactive` : ""]],
    ["To decide", [undecided, counts.later ? `, ${counts.later.toLocaleString()} put off` : ""]],
    ["Links undone", counts.undone ? counts.undone.toLocaleString() : null],
    ["Without an End User", reasonsOf(skipped).join("; ")],
    ["In no Organization", counts.unrouted ? `${counted(counts.unrouted, "user")}, whom no filter takes` : null],
    ["End Users of", settings.organizations.filter((it) => it.is_on).flatMap((it, place) => [place ? ", " : "", make("a", { href: `#organization=${it.organization_id}`, "data-key": `people-${it.organization_id}` }, named(names.get(it.organization_id) ?? it.organization_id))])],
  ]);
}
