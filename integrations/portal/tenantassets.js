// A tenant's assets on its page: how many have an End User, why others have none, and the ways to them.

import { address, ask, load } from "./api.js";
import { whyOff } from "./caller.js";
import { guarded } from "./dialog.js";
import { counted, facts, make, named, note, part } from "./dom.js";
import { section } from "./listing.js";

export const ASSETS = "Assets";
const NOT_THERE = 404;

/** The row of a tenant in the list across tenants; null before its assets were first compared with devices. */
export async function readTenantAssets(id, { syncro_tenant: mapped }) {
  if (!mapped) return null;
  const found = await ask("GET", address("/insights/assets", { q: id })).catch((error) => {
    if (error.status === NOT_THERE) return null;
    throw error;
  });
  const row = found?.items.find((it) => it.tenant_id === id);
  return row?.counts?.assets ? row : null;
}

/** A tile that leads to the Organization's assets. */
export function assetsTile({ organization, counts }) {
  const { assets, assigned, review, conflicts } = counts;
  const colour = conflicts ? "red" : review ? "orange" : assigned === assets ? "green" : null;
  return make("a", { class: "tile", href: `#organization=${organization.id}/assets`, "data-key": "tile-Assets" }, make("span", { class: "quiet" }, ASSETS),
    make("strong", { class: colour ? `mark ${colour}` : null }, `${assigned.toLocaleString()} of ${assets.toLocaleString()}`), make("small", { class: "quiet" }, `assigned, ${toDecide(counts)}`));
}

function toDecide({ review, conflicts }) {
  return [conflicts ? `${conflicts.toLocaleString()} in conflict` : "", review ? `${review.toLocaleString()} to review` : ""].filter(Boolean).join(", ") || "nothing to review";
}

export function assetsPart(view, id, row, organizations, again) {
  const body = part(view, "assets", Boolean(row), () => (row ? section(ASSETS) : null)).firstElementChild;
  if (!body) return;
  part(body, "failing", row.is_failing, () => (row.is_failing ? note("orange", "Assets could not be compared with devices. The numbers are those of the last time.", "We try again automatically.") : null));
  part(body, "numbers", [row, organizations], () => numbers(row, organizations));
  part(body, "linking", whyOff(), () => make("p", {}, make("button", { "data-key": "asset-linking", disabled: Boolean(whyOff()), title: whyOff(), onclick: guarded(async () => {
    const { editAssetLinking } = await load(() => import("./assetlinking.js"));
    await editAssetLinking(id, again);
  }) }, "How assets are linked")));
}

function numbers({ counts, reasons, organization }, organizations) {
  const all = organizations.length ? organizations : [organization];
  const ways = (place) => all.flatMap((it, nth) => [nth ? ", " : "", make("a", { href: `#organization=${it.id}/${place}`, "data-key": `${place}-${it.id}` }, named(it.name))]);
  return facts([
    ["Assigned", `${counts.assigned.toLocaleString()} of ${counted(counts.assets, "asset")}`],
    ["To review", counts.review + counts.conflicts ? [`${toDecide(counts)}: `, ...ways("review")] : "nothing"],
    ["Linked with a device", counts.linked.toLocaleString()],
    ["Without an End User", reasons.length ? make("ul", { class: "lines" }, reasons.map((it) => make("li", {}, `${it.count.toLocaleString()}: ${it.detail}`, make("span", { class: "quiet" }, ` ${it.remedy}`)))) : null],
    ["Not an asset", counts.unmanaged ? `${counted(counts.unmanaged, "computer")} of this tenant, seen within 30 days. Install your agent on them, or let your portal send them.` : null],
    ["Assets of", ways("assets")],
  ]);
}
