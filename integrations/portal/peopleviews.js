// The views of an Organization: its End Users and its assets, questions about assets, and one of either.

import { at, load } from "./api.js";
import { stylesheet } from "./dom.js";

const ADDRESS = /^([\w-]+)(?:\/(assets|review))?$/;

/** Show #organization=<id>, <id>/assets or <id>/review, #end-user=<id>, or #asset=<id>. */
export async function showPeople(kind, address, again, current) {
  const [, id, place = kind] = ADDRESS.exec(address) ?? [null, at`${address}`];
  const sheets = [stylesheet("insights.css"), stylesheet("usersync.css")];
  const [show] = await Promise.all([VIEWS[place](), ...sheets, ...(ABOUT_PEOPLE.includes(place) ? [] : [stylesheet("assets.css")])]);
  return show(id, again, current);
}

const ABOUT_PEOPLE = ["organization", "end-user"];
const VIEWS = {
  organization: async () => (await load(() => import("./organization.js"))).showOrganization,
  assets: async () => (await load(() => import("./assets.js"))).showAssets,
  review: async () => (await load(() => import("./assetqueue.js"))).showReview,
  "end-user": async () => (await load(() => import("./enduser.js"))).showEndUser,
  asset: async () => (await load(() => import("./asset.js"))).showAsset,
};
