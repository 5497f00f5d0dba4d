// Who is signed in, and whether their account's plan allows changes: said before somebody tries.

import { ask } from "./api.js";
import { make } from "./dom.js";

const KNOWN_FOR_MS = 300000;
let caller = { user_id: "", name: "", can_manage: true, detail: "", remedy: "" };
let learnedAt = -Infinity;

/** Ask who is signed in, now and then; true if other things can be changed than before. */
export async function learnCaller() {
  if (performance.now() - learnedAt < KNOWN_FOR_MS) return false;
  learnedAt = performance.now();
  const { can_manage: couldManage } = caller;
  caller = await ask("GET", "/caller").catch(() => caller); // the view says what is wrong
  return caller.can_manage !== couldManage;
}

/** Why nothing can be changed, as {detail, remedy}; null if it can. */
export function heldBack() {
  return caller.can_manage ? null : { detail: caller.detail, remedy: caller.remedy };
}

/** The same as a sentence for a button that is off; null if it is on. */
export function whyOff() {
  return caller.can_manage ? null : `${caller.detail} ${caller.remedy}`;
}

/** A user by their id: the name of whoever is signed in. Other names are not known to us. */
export function userName(id) {
  if (id === caller.user_id) return caller.name || "you";
  return make("span", { title: id }, "another user");
}
