// How a tenant's assets are linked with its devices: what a name is worth, whom Microsoft overrules, and which serial numbers count.

import { ask, askIfSame, at } from "./api.js";
import { field, open } from "./dialog.js";
import { make, named, say, stylesheet } from "./dom.js";
import { tick } from "./syncfilter.js";
import { sentence } from "./syncwords.js";

const SERIALS = {
  junk_serials: "Serial numbers that identify nothing, one a line",
  good_serials: "Serial numbers that count although three or more devices have them, one a line",
};

export async function editAssetLinking(id, again) {
  const path = at`/tenants/${id}/asset-links`;
  const [{ settings }] = await Promise.all([ask("GET", path), stylesheet("usersync.css")]);
  const wanted = { ...settings };
  const lists = Object.fromEntries(Object.keys(SERIALS).map((name) => [name, make("textarea", { rows: 4, spellcheck: false }, settings[name].join("\n"))]));
  const problems = Object.fromEntries(Object.keys(SERIALS).map((name) => [name, make("div", { role: "alert" })]));
  const toggle = (name, label, meaning) => tick(label, settings[name], name, (isOn) => { wanted[name] = isOn; }, meaning);
  open("How assets are linked", make("div", { class: "linking" },
    toggle("link_by_name", "A name alone links", "If one asset and one device have the same name, and both were seen within 30 days. Otherwise somebody decides."),
    toggle("override_manual", "Microsoft replaces what was assigned by hand", "The person of the device becomes the End User of the asset, whoever was assigned before."),
    Object.entries(SERIALS).map(([name, label]) => make("div", {}, field(label, lists[name]), problems[name]))),
  [
    { label: "Cancel" },
    { label: "Save", style: "main", run: async () => {
      const listed = Object.fromEntries(Object.entries(lists).map(([name, { value }]) => [name, value.split("\n").map((it) => it.trim()).filter(Boolean)]));
      Object.values(problems).forEach((it) => it.replaceChildren());
      try {
        await askIfSame("PUT", path, { settings: { ...wanted, ...listed } });
      } catch (error) {
        tell(error, listed, problems);
        throw error;
      }
      say("Saved. The assets are compared with the devices anew.");
      await again();
      return false;
    } },
  ]);
}

/** Below each list, which of its entries are wrong and why. */
function tell({ errors = [] }, listed, problems) {
  for (const [name, texts] of Object.entries(listed)) {
    const begin = ["", "settings", name].join("/");
    const found = errors.filter(({ pointer }) => pointer === begin || pointer.startsWith(`${begin}/`));
    problems[name].replaceChildren(make("div", { class: "wrong" }, found.map(({ pointer, detail }) => {
      const text = texts[Number(pointer.slice(begin.length + 1))];
      return make("p", {}, pointer === begin ? sentence(detail) : [named(text), `: ${detail}.`]);
    })));
  }
}
