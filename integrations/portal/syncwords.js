// The words of the user sync: what the API's names mean to whoever reads the page.

import { counted, words } from "./dom.js";

export const FIELDS = { name: "Name", given_name: "First name", surname: "Last name", mail: "Mail address", phone: "Phone", mobile_phone: "Mobile phone", job_title: "Job title" };

/** Why somebody is inactive, or is not taken. */
const REASONS = {
  deleted: "deleted at Microsoft", directory_sync_account: "account of the directory sync", shared_mailbox: "shared mailbox", room: "room", equipment: "equipment",
  call_queue: "call queue", disabled: "account disabled", unlicensed: "no paid license", unrouted: "no Organization's filter takes them",
  no_email: "no mail address", no_name: "no name", ignored: "ignored, as somebody decided", erased: "erased here", sync_off: "the Organization is off",
  filter_broken: "a group of the filter is not known", users_not_current: "the users were not read completely, or not lately", portal: "made inactive in the portal",
};

export const LINKED_BY = {
  mail: "mail address", username: "user name", alias: "another of their addresses", decision: "a decision", rehire: "same person with a new account", created: "created by the sync",
};

/** What a Microsoft user's mailbox is for. */
const MAILBOXES = {
  person: "a person's", shared: "shared mailbox", room: "room", equipment: "equipment", teams_room: "Teams room", call_queue: "call queue",
  likely_shared: "likely a shared mailbox", unknown: "kind unknown",
};
const MAILBOX_EVIDENCE = {
  purpose: "Exchange says so", place: "it is in the list of rooms", license: "by its license", guess: "blocked, with an address and without a license",
  none: "our application may not read it, or has not yet",
};

/** Questions of the queue: [in short, what is asked]. */
export const QUESTIONS = {
  several_end_users: ["several End Users match", "Which of these End Users is this Microsoft user?"],
  several_microsoft_users: ["several Microsoft users match", "More than one Microsoft user matches the same End User. Is it this one?"],
  already_linked: ["already linked", "The End User that matches is linked to another Microsoft user. Is this somebody else?"],
  email_taken: ["mail address taken", "Another End User has this mail address, so it is not written. All other fields are. Change one of the two addresses, or ignore it."],
  name_only: ["same name", "Only the name or other details match, but no mail address. Is it the same person?"],
  rehire_or_other_person: ["rehired or another person", "The End User with this mail address belonged to an account that is gone. Has the same person come back?"],
  would_move: ["would move", "The filters now give this user to another Organization. Is the End User to move there?"],
  filter_broken: ["filter names a missing group", "A filter names a group that does not exist any more. Nobody becomes inactive because of it, and nobody new is taken by it."],
};

/** The same of a filter whose groups exist, as far as is known. */
export const GROUPS_NOT_READ = ["groups not read lately", "The groups of a filter were not read completely, or not lately. Their members as they were last known count, and nobody becomes inactive because of it. The tenant's sync says what is wrong with reading them."];

/** Why a plan waits for somebody; `plan` has the numbers. */
const HOLDS = {
  too_many: (plan) => harmOf(plan),
  filter_matches_nobody: () => "A filter now matches nobody, although it has matched people before: they are gone at Microsoft, or changed.",
  more_than_seen: () => "The sync would do more than the plan that was approved.",
  first_after_mapping: () => "This is the first sync since the tenant was mapped, so that somebody looks at it first.",
};

export function reason(code) {
  return REASONS[code] ?? words(code);
}

/** "shared mailbox (Exchange says so)". Of a person's nothing needs saying. */
export function mailboxOf({ mailbox, mailbox_evidence: evidence }) {
  if (!mailbox) return "";
  return mailbox === "person" ? MAILBOXES.person : `${MAILBOXES[mailbox] ?? words(mailbox)} (${MAILBOX_EVIDENCE[evidence] ?? words(evidence)})`;
}

export function sentence(text) {
  return `${text.charAt(0).toLocaleUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? "" : "."}`;
}

/** "The sync would make 300 of 400 End Users inactive." */
export function harmOf({ counts, linked_active: of }) {
  const done = [
    counts.inactivate ? `make ${counts.inactivate.toLocaleString()} of ${of.toLocaleString()} End Users inactive` : "",
    counts.relink ? `link ${counted(counts.relink, "End User")} to another Microsoft user` : "",
    counts.move ? `move ${counted(counts.move, "End User")} to another Organization` : "",
  ].filter(Boolean);
  return done.length ? `The sync would ${done.length > 1 ? `${done.slice(0, -1).join(", ")} and ${done.at(-1)}` : done[0]}.` : "";
}

/** Why a plan is held, in sentences. */
export function holdsOf(plan, reasons) {
  return reasons.map((it) => HOLDS[it]?.(plan) || sentence(words(it)));
}

/** {reason: 3} as "3 account disabled", the most first. */
export function reasonsOf(counts) {
  return Object.entries(counts).filter(([, count]) => count).sort(([, one], [, other]) => other - one)
    .map(([code, count]) => `${count.toLocaleString()}: ${reason(code)}`);
}

export function totalOf(counts) {
  return Object.values(counts).reduce((sum, it) => sum + it, 0);
}
