// The words of assets and their devices: what the API's names mean to whoever reads the page.

import { userName } from "./caller.js";
import { make, named, words } from "./dom.js";
import { day } from "./times.js";

export const KINDS = { desktop: "Desktop", laptop: "Laptop", server: "Server", vm: "Virtual machine", mobile: "Mobile device", network: "Network device", printer: "Printer", other: "Other" };
const KEYS = { serial: "serial number", entra_device_id: "Entra device id", intune_device_id: "Intune device id", name: "name" };

/** Questions about an asset: [in short, what is asked, colour]. */
export const QUESTIONS = {
  name_only: ["same name", "Only the name is the same. Is this device the asset?", "orange"],
  several_assets: ["several assets", "More than one asset fits this device, so none is linked. Link the one that it is. If another is a duplicate, archive it in your portal.", "red"],
  several_devices: ["several devices", "More than one device fits this asset, so none is linked. Which one is it?", "red"],
  serial_differs: ["serial numbers differ", "The device id is the same, but the serial numbers differ, so nothing is linked. Is it the same device?", "red"],
  person_in_other_organization: ["person of another Organization", "The device belongs to somebody of another Organization. An asset only gets End Users of its own, so nobody was assigned.", "orange"],
};

const FINDINGS = {
  differs_from_microsoft: "Microsoft names somebody else",
  end_user_inactive: "This End User is inactive",
  end_user_in_other_organization: "This End User is of another Organization",
};

export function questionOf(kind) {
  return QUESTIONS[kind] ?? [words(kind), "", "orange"];
}

export function isInUse({ gone_at: goneAt, is_archived: isArchived }) {
  return !goneAt && !isArchived;
}

/** "Serial number 5CD1234XYZ and Entra device id": what asset and device have in common, the strongest with its value. */
export function evidenceOf({ how, evidence }) {
  const [first, ...more] = [...evidence].sort((one, other) => Number(other.key === how) - Number(one.key === how));
  if (!first) return [how === "manual" ? "By hand" : keyOf(how)];
  const others = [...new Set(more.map((it) => keyOf(it.key)))];
  const ending = others.length ? [...others.slice(0, -1).map((it) => `, ${it}`), ` and ${others.at(-1)}`] : [];
  const label = keyOf(first.key);
  return [how === "manual" ? `By hand; ${label} ` : `${label.charAt(0).toLocaleUpperCase()}${label.slice(1)} `, named(first.value), ...ending];
}

function keyOf(key) {
  return KEYS[key] ?? words(key);
}

/** How sure a link is, or who made it. */
export function sureness({ how, by, confidence }) {
  if (how === "manual") return by ? ["linked by ", userName(by)] : [];
  return [`confidence ${Math.round(confidence * 100)}\u00a0%`];
}

/** Who said whom an asset belongs to, and since when. */
export function assignedHow({ assigned_by: by, assigned_since: since }) {
  if (!by) return [];
  return [by === "manual" ? "by hand" : "as Microsoft says", ...(since ? [", since ", make("span", {}, day(since))] : [])];
}

/** What is worth knowing about the End User that an asset has. */
export function findingsOf({ linking }) {
  if (!linking) return [];
  return linking.findings.map((it) => make("span", { class: "mark orange" }, make("span", {}, FINDINGS[it] ?? words(it), it === "differs_from_microsoft" && linking.link?.person ? [": ", named(linking.link.person.name)] : null)));
}

/** Why an asset has no End User, and what would mend that. */
export function reasonOf({ linking }) {
  return linking?.reason ?? null;
}

export function makeOf({ manufacturer, model }) {
  return [manufacturer, model].filter(Boolean).join(" ");
}

export function systemOf({ system, system_version: version }) {
  return [system, version].filter(Boolean).join(" ");
}

