// The filter of one Organization: which users it takes, what is chosen, and what is wrong with it.

import { byKey, make, named } from "./dom.js";
import { domainChoices, groupChoices, pick, textChoices } from "./picker.js";
import { sentence } from "./syncwords.js";

const USER_TYPES = { member: ["Members", "members"], external_member: ["External members, invited from elsewhere", "external members"], guest: ["Guests", "guests"] };
const EVERYBODY = { user_types: ["member"], department: nothing(), office: nothing(), domain: { ...nothing(), also_subdomains: false }, group: { include: [], exclude: [] } };
const PARTS = {
  department: { title: "Department", of: "a department", name: textOf, choices: ({ departments }) => textChoices(departments) },
  office: { title: "Office", of: "an office", name: textOf, choices: ({ offices }) => textChoices(offices) },
  domain: { title: "Domain", of: "an address", name: (it) => it, choices: ({ domains }) => domainChoices(domains) },
  group: { title: "Group", name: (id, { groups }) => groups.find((it) => it.id === id)?.name ?? id, choices: ({ groups }) => groupChoices(groups) },
};
const BLANK = { "": "taken only if nothing is chosen above", include: "taken", exclude: "left out" };

/** The fields of a filter. */
export const FIELDS = ["user_types", ...Object.keys(PARTS)];

function nothing() {
  return { include: [], exclude: [], blank: null };
}

/** A filter that takes all members. */
export function everybody() {
  return structuredClone(EVERYBODY);
}

export function takesEverybody(filter) {
  return filter.user_types.join() === "member" && Object.keys(PARTS).every((kind) => isOpen(filter[kind]));
}

function isOpen({ include, exclude, blank }) {
  return !include.length && !exclude.length && blank !== "exclude";
}

/** "members; department Sales or starting with Eng; not group Contractors", as words and names. */
export function inWords(filter, choices) {
  const types = filter.user_types.map((it) => USER_TYPES[it]?.[1] ?? it).join(" and ");
  const parts = Object.entries(PARTS).flatMap(([kind, it]) => partInWords(filter[kind], it, choices));
  return [`${parts.length ? "" : "all "}${types || "nobody"}`, ...parts.flatMap((part) => ["; ", ...part]), "."];
}

function partInWords({ include, exclude, blank, also_subdomains: below }, { title, of, name }, choices) {
  const list = (values) => [...values.flatMap((it, place) => [place ? " or " : "", named(name(it, choices))]), below ? " or below" : ""];
  return [
    include.length ? [`${title.toLowerCase()} `, ...list(include)] : null,
    exclude.length ? [`not ${title.toLowerCase()} `, ...list(exclude)] : null,
    blank === "include" && include.length ? [`also without ${of}`] : blank === "exclude" && !include.length ? [`not without ${of}`] : null,
  ].filter(Boolean);
}

/** The fields of a filter; `does` is {key, choices, errors(...path), change(filter)}; a path leads from the filter to what is wrong. */
export function filterFields(filter, does) {
  const set = (kind, wanted) => does.change({ ...filter, [kind]: { ...filter[kind], ...wanted } });
  return make("div", { class: "filters" }, typesField(filter, does),
    Object.entries(PARTS).map(([kind, it]) => make("fieldset", {}, make("legend", {}, it.title),
      values(filter, kind, "include", "Take only", does, set), values(filter, kind, "exclude", "Leave out", does, set),
      "blank" in filter[kind] ? blankField(filter, kind, it, does, set) : null,
      kind === "domain" ? tick("Domains below these, too", filter.domain.also_subdomains, `${does.key}-below`, (also_subdomains) => set("domain", { also_subdomains })) : null)));
}

function typesField(filter, { key, errors, change }) {
  return make("fieldset", {}, make("legend", {}, "User type"), Object.entries(USER_TYPES).map(([type, [label]]) => tick(label, filter.user_types.includes(type), `${key}-${type}`, (isOn) => {
    change({ ...filter, user_types: Object.keys(USER_TYPES).filter((it) => (it === type ? isOn : filter.user_types.includes(it))) });
  })), wrong(errors("user_types")));
}

/** What was chosen, each with its way out, and the button to choose more. */
function values(filter, kind, part, label, { key, choices, errors }, set) {
  const { title, name } = PARTS[kind];
  const chosen = filter[kind][part];
  const adds = `${key}-${kind}-${part}`;
  const remove = (place) => {
    set(kind, { [part]: chosen.filter((_, other) => other !== place) });
    byKey(adds)?.focus();
  };
  const add = (more) => set(kind, { [part]: [...chosen, ...more.filter((it) => !chosen.some((other) => JSON.stringify(other) === JSON.stringify(it)))] });
  return make("div", { class: "values", role: "group", "aria-label": `${label}: ${title}` }, make("span", { class: "quiet" }, label),
    chosen.map((it, place) => {
      const text = name(it, choices);
      return make("span", { class: errors(kind, part, place).length ? "token red" : "token" }, named(text),
        make("button", { class: "plain", "data-key": `${adds}-${text}`, "aria-label": `Remove ${text}`, onclick: () => remove(place) }, "\u2715"));
    }),
    make("button", { class: "plain", "data-key": adds, "aria-label": `Add to ${label.toLowerCase()}: ${title}`, onclick: () => pick({ title: `${label}: ${title}`, hint: `Search ${title.toLowerCase()}s`, taken: chosen, choose: add, ...PARTS[kind].choices(choices) }) }, "Add"),
    wrong(errors(kind, part)));
}

function blankField(filter, kind, { of }, { key }, set) {
  const field = make("select", { "data-key": `${key}-${kind}-blank`, onchange: () => set(kind, { blank: field.value || null }) },
    Object.entries(BLANK).map(([value, label]) => make("option", { value }, label)));
  field.value = filter[kind].blank ?? "";
  return make("label", { class: "blank-rule" }, make("span", { class: "quiet" }, `Users without ${of} are`), field);
}

function textOf({ value, operator }) {
  return operator === "starts_with" ? `starting with ${value}` : value;
}

/** A box to tick with its label, and what it means. */
export function tick(label, isOn, key, change, meaning = null) {
  return make("label", { class: "switch" }, make("input", { type: "checkbox", checked: isOn, "data-key": key, onchange: ({ target }) => change(target.checked) }),
    make("span", {}, label, meaning ? make("small", {}, meaning) : null));
}

/** What is wrong, below the field that it is about. */
export function wrong(errors) {
  return errors.length ? make("div", { class: "wrong" }, errors.map((it) => make("p", {}, sentence(it.detail)))) : null;
}
