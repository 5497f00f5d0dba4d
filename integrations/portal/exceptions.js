// Exceptions: people such as break-glass accounts, who are not counted as unprotected.

import { whyOff } from "./caller.js";
import { field, guarded, open } from "./dialog.js";
import { counted, facts, make, named } from "./dom.js";
import { changeSettings } from "./settings.js";
import { day } from "./times.js";

/** The exceptions of a tenant, also those that have ended. */
export function exceptionsOf({ exceptions = [] }, tenantId) {
  return exceptions.filter((it) => it.tenant_id === tenantId);
}

/** The exception of a person that has not ended. */
export function exceptionOf(exceptions, person) {
  return exceptions.find((it) => it.user_id === person.user_id && !hasEnded(it));
}

/** All exceptions of a tenant, folded; also those of people who are not in the list any more. */
export function exceptionList(tenantId, exceptions, people, again) {
  if (!exceptions.length) return null;
  return make("details", { class: "meanings" }, make("summary", { "data-key": "mfa-exceptions" }, counted(exceptions.length, "exception")),
    make("ul", { class: "lines" }, exceptions.map((it) => {
      const person = people.find(({ user_id: userId }) => userId === it.user_id) ?? { user_id: it.user_id, name: it.user_id };
      return make("li", {}, named(person.name), `${lasting(it)}: `, named(it.reason), " ", make("button", {
        class: "plain", "data-key": `end-${it.user_id}`, disabled: Boolean(whyOff()), title: whyOff(), "aria-label": `${ending(it)} the exception of ${person.name}`, onclick: guarded(() => endException(tenantId, person, it, again)),
      }, ending(it)));
    })));
}

/** ", until 31 Dec 2026". */
export function lasting(exception) {
  return exception.until ? `, ${hasEnded(exception) ? "ended on" : "until"} ${day(exception.until)}` : "";
}

/** What has ended can only be removed from the list. */
function ending(exception) {
  return hasEnded(exception) ? "Remove" : "End";
}

/** Entries of a person's menu. */
export function exceptionActions(tenantId, person, exception, again) {
  const entry = (label, run, more = {}) => ({ label, why: whyOff(), run: whyOff() ? null : guarded(run), ...more });
  const edit = () => editException(tenantId, person, exception, again);
  if (!exception) return [entry("Make an exception", edit)];
  return [entry("Change the exception", edit), entry("End the exception", () => endException(tenantId, person, exception, again))];
}

function hasEnded({ until }) {
  return Boolean(until) && Date.parse(until) <= Date.now();
}

function isOf(tenantId, userId) {
  return (it) => it.tenant_id === tenantId && it.user_id === userId;
}

/** All exceptions but this person's. */
function others({ exceptions = [] }, tenantId, { user_id: userId }) {
  return exceptions.filter((it) => !isOf(tenantId, userId)(it));
}

function editException(tenantId, person, exception, again) {
  const reason = make("input", { type: "text", required: true, maxlength: "128", value: exception?.reason ?? "", autofocus: true, oninput: () => check() });
  const until = make("input", { type: "date", min: dateOf(Date.now()), value: exception?.until ? dateOf(Date.parse(exception.until)) : "" });
  const [, save] = open(exception ? "Change the exception" : "Make an exception", make("div", {},
    facts([["Person", named(person.name)], ["User name", person.username]]),
    make("p", {}, "They are no longer counted as unprotected by MFA, such as a break-glass account that is secured in another way. Nothing changes at Microsoft."),
    field("Reason", reason), field("Last day (without one, it has no end)", until)),
  [
    { label: "Cancel" },
    { label: "Save", style: "main", off: !reason.value, run: async () => {
      const made = { tenant_id: tenantId, user_id: person.user_id, reason: reason.value.trim(), until: until.value ? endOf(until.value) : null };
      await changeSettings((settings) => ({ exceptions: [...others(settings, tenantId, person), made] }));
      again();
    } },
  ]);
  const check = () => { save.disabled = !reason.value.trim(); };
}

function endException(tenantId, person, exception, again) {
  const title = `${ending(exception)} the exception`;
  open(title, make("p", {}, named(person.name), hasEnded(exception) ? " has been counted again since the exception ended." : " is counted again if MFA does not protect them."), [
    { label: "Cancel" },
    { label: title, style: "main", run: async () => {
      await changeSettings((settings) => ({ exceptions: others(settings, tenantId, person) }));
      again();
    } },
  ]);
}

function dateOf(moment) {
  const at = new Date(moment);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((it) => String(it).padStart(2, "0")).join("-");
}

/** The last moment of a day here, as the API takes it. */
function endOf(date) {
  return new Date(`${date}T23:59:59`).toISOString().replace(".000Z", "Z");
}
