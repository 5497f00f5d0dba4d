// What an account has chosen for itself.

import { ask } from "./api.js";

export function readSettings() {
  return ask("GET", "/settings");
}

/** Change some of the settings: `change` makes them of what they are. All others stay as they are. */
export async function changeSettings(change) {
  return ask("PUT", "/settings", change(await readSettings()));
}
