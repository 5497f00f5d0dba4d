// The views of a tenant's user sync: its settings, its open questions, and its links.

import { at, load } from "./api.js";
import { stylesheet } from "./dom.js";

const ADDRESS = /^([\w-]+)(?:\/(queue|links))?$/;

/** Show the view at an address, such as <tenant id>/queue; true while something is under way. */
export async function showUserSync(address, again, current) {
  const [, id, place] = ADDRESS.exec(address) ?? [null, at`${address}`];
  const [show] = await Promise.all([viewOf(place), stylesheet("usersync.css"), stylesheet("insights.css")]);
  return show(id, again, current);
}

async function viewOf(place) {
  if (place === "queue") return (await load(() => import("./queue.js"))).showQueue;
  if (place === "links") return (await load(() => import("./synclinks.js"))).showLinks;
  return (await load(() => import("./syncform.js"))).showForm;
}
