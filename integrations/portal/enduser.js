// One End User: what is known, which fields Microsoft keeps, whether they stay active, and their links.

import { ask, at } from "./api.js";
import { heldBack, whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { facts, frame, make, named, part, say } from "./dom.js";
import { listing } from "./listing.js";
import { activity, microsoftOf } from "./organization.js";
import { PROTECTIONS } from "./protection.js";
import { undoButton } from "./synclinks.js";
import { tick } from "./syncfilter.js";
import { FIELDS, LINKED_BY, mailboxOf } from "./syncwords.js";
import { ago } from "./times.js";
import { planNote } from "./trouble.js";

const MORE_FIELDS = { username: "User name", external_id: "Id in the portal", notes: "Notes" };
/** What PUT replaces, all at once. */
const SENT = ["name", "given_name", "surname", "mail", "username", "aliases", "phone", "mobile_phone", "job_title", "notes", "external_id", "is_active", "keep_active"];

export async function showEndUser(id, again, current) {
  const person = await ask("GET", at`/end-users/${id}`);
  const organization = await ask("GET", at`/organizations/${person.organization_id}`);
  if (!(await current())) return false;
  const view = frame(`end-user-${id}`);
  part(view, "top", organization, () => make("p", { class: "back" }, make("a", { href: `#organization=${organization.id}` }, "\u2190 End Users of ", named(organization.name))));
  part(view, "plan", heldBack(), () => planNote(heldBack()));
  part(view, "person", person, () => make("section", { class: "card head", "aria-label": "End User" }, make("div", { class: "title" }, make("div", {}, make("h2", {}, named(person.name)), activity(person))), known(person)));
  part(view, "keep", [person, heldBack()], () => keepActive(person, again));
  part(view, "links", [microsoftOf(person), heldBack()], () => links(person, again));
  return false;
}

/** Every field that has a value; beside those that Microsoft keeps, that it does. */
function known(person) {
  const kept = make("small", {}, "kept by Microsoft");
  return facts([
    ...Object.entries({ ...FIELDS, ...MORE_FIELDS }).map(([field, label]) => [label, person[field] ? [named(person[field]), ...(person.managed_fields.includes(field) ? [" ", kept.cloneNode(true)] : [])] : null]),
    ["Further addresses", person.aliases.length ? person.aliases.join(", ") : null],
    ["Created", ago(person.created_at)], ["Last change", ago(person.changed_at)],
  ]);
}

function keepActive(person, again) {
  const change = guarded(async (isOn) => {
    try {
      await ask("PUT", at`/end-users/${person.id}`, { ...Object.fromEntries(SENT.map((field) => [field, person[field]])), keep_active: isOn });
      say(isOn ? "Kept active." : "No longer kept active.");
    } catch (error) {
      box.querySelector("input").checked = !isOn;
      throw error;
    }
    await again();
  });
  const box = tick("Keep active", person.keep_active, "keep-active", change, "The sync never makes this End User inactive, whatever happens at Microsoft. You can still do so in the portal.");
  if (whyOff()) Object.assign(box.querySelector("input"), { disabled: true, title: whyOff() });
  return make("section", { class: "card", "aria-label": "Keep active" }, box);
}

function links(person, again) {
  const all = microsoftOf(person);
  if (!all.length) return make("p", { class: "quiet" }, "Not linked to a Microsoft user.");
  return make("section", { class: "card", "aria-label": "Microsoft users" }, make("h3", {}, "Microsoft users"),
    listing("Microsoft users", ["User", "Microsoft Tenant", "Linked by", "Since", ""], all.map((it) => [
      make("div", {}, named(it.username ?? it.object_id), it.is_gone ? make("small", {}, "gone at Microsoft") : null),
      make("a", { href: `#tenant=${it.tenant_id}/user-sync`, "data-key": `tenant-${it.tenant_id}` }, named(it.tenant_name)), LINKED_BY[it.linked_by] ?? it.linked_by, ago(it.since),
      undoButton(it.tenant_id, it, again),
    ]), { headed: true }),
    all.filter((it) => !it.is_gone).flatMap((it) => atMicrosoft(it, all.length > 1)),
    make("p", { class: "quiet" }, "A link that you undo is not made again by the sync. The End User stays as it is."));
}

/** What Microsoft knows of a user, and the sync writes into no field. */
function atMicrosoft(it, isOneOfSeveral) {
  const [label, colour, means] = PROTECTIONS[it.mfa] ?? [];
  return [isOneOfSeveral ? make("h4", {}, named(it.username ?? it.object_id)) : null, facts([
    ["Department", it.department ? named(it.department) : null], ["Office", it.office ? named(it.office) : null],
    ["Licenses", it.licenses.length ? it.licenses.map((name) => make("div", {}, named(name))) : "none"], ["Mailbox", mailboxOf(it)],
    ["MFA", label ? make("a", { href: `#tenant=${it.tenant_id}/mfa`, "data-key": `mfa-${it.object_id}`, title: means, class: `mark ${colour}` }, label) : null],
  ])];
}
