// The Organizations of a user sync in their order: the first whose filter allows a user takes it.

import { byKey, make, named } from "./dom.js";
import { FIELDS, everybody, filterFields, inWords, takesEverybody, tick, wrong } from "./syncfilter.js";

/** `does` is {known, choices, errors, change}: Organizations there are, what filters can be made of, what is wrong, and what takes the changed settings. */
export function organizationCards(settings, does) {
  const listed = settings.organizations;
  const left = does.known.filter((it) => !listed.some((other) => other.organization_id === it.id));
  return [
    listed.length > 1 ? make("p", { class: "quiet" }, "The first Organization whose filter allows a user takes it.") : null,
    ...listed.map((_, place) => card(settings, place, does)),
    left.length ? adding(settings, left, does) : null,
    listed.length ? null : make("p", { class: "quiet" }, "Add the Organization that takes the users."),
  ];
}

function card(settings, place, { known, choices, errors, change }) {
  const it = settings.organizations[place];
  const key = `in-${it.organization_id}`;
  const name = known.find(({ id }) => id === it.organization_id)?.name ?? it.organization_id;
  const mine = errors.filter(({ pointer }) => isBelow(pointer, ["organizations", place]));
  const others = errors.filter((error) => !mine.includes(error));
  const set = (wanted) => change({ ...settings, organizations: settings.organizations.map((other) => (other === it ? { ...it, ...wanted } : other)) }, others);
  const within = (...path) => mine.filter(({ pointer }) => isBelow(pointer, ["organizations", place, "filter", ...path]));
  const ofFields = FIELDS.flatMap((field) => within(field));
  return make("section", { class: it.is_on ? "card takes" : "card takes off", "aria-label": name },
    make("div", { class: "title" }, make("h3", {}, settings.organizations.length > 1 ? `${place + 1}. ` : "", named(name)),
      settings.organizations.length > 1 || !it.is_on ? tick("On", it.is_on, `${key}-on`, (isOn) => set({ is_on: isOn })) : null, order(settings, place, name, key, change)),
    make("p", {}, it.is_on ? "Takes " : "Off: nobody is looked at, and its End Users stay as they are. Would take ", ...inWords(it.filter, choices)),
    wrong(mine.filter((error) => !ofFields.includes(error))),
    make("details", { class: "meanings", open: ofFields.length > 0 },
      make("summary", { "data-key": ofFields.length ? `${key}-filter-wrong` : `${key}-filter` }, takesEverybody(it.filter) ? "Filter the users" : "Change the filter"),
      filterFields(it.filter, { key, choices, errors: within, change: (filter) => set({ filter }) }),
      takesEverybody(it.filter) ? null : make("button", { class: "plain", "data-key": `${key}-clear`, onclick: () => {
        set({ filter: everybody() });
        byKey(`${key}-filter`)?.focus();
      } }, "Clear the filter")));
}

/** Whether a JSON pointer leads to a place, or to something in it. */
function isBelow(pointer, path) {
  const parts = pointer.split("/").slice(1);
  return path.every((it, place) => String(it) === parts[place]);
}

/** Up, down, and out. Where it cannot go further, the other way has the focus. */
function order(settings, place, name, key, change) {
  const all = settings.organizations;
  if (all.length < 2) return null;
  const move = (to, way, otherWay) => {
    const moved = all.toSpliced(place, 1).toSpliced(to, 0, all[place]);
    change({ ...settings, organizations: moved });
    const button = byKey(`${key}-${way}`);
    (button?.disabled ? byKey(`${key}-${otherWay}`) : button)?.focus();
  };
  const button = (way, label, text, isOff, run) => make("button", { "data-key": `${key}-${way}`, disabled: isOff, "aria-label": `${label} ${name}`, title: label, onclick: run }, text);
  return make("span", { class: "order" },
    button("up", "Move up", "\u2191", place === 0, () => move(place - 1, "up", "down")),
    button("down", "Move down", "\u2193", place === all.length - 1, () => move(place + 1, "down", "up")),
    button("remove", "Remove", "\u2715", false, () => {
      change({ ...settings, organizations: all.toSpliced(place, 1) });
      byKey("add-organization")?.focus();
    }));
}

/** The next Organization stands first, as one without a filter must be the last. */
function adding(settings, left, { change }) {
  const field = make("select", { "data-key": "add-organization-which", "aria-label": "Organization to add" }, left.map((it) => make("option", { value: it.id }, it.name)));
  return make("div", { class: "bar unfolded adding" }, field, make("button", { "data-key": "add-organization", onclick: () => {
    const added = { organization_id: field.value, is_on: true, filter: everybody() };
    const isLastOpen = settings.organizations.length > 0 && takesEverybody(settings.organizations.at(-1).filter);
    change({ ...settings, organizations: isLastOpen ? [...settings.organizations.slice(0, -1), added, settings.organizations.at(-1)] : [...settings.organizations, added] });
    byKey(`in-${added.organization_id}-filter`)?.focus();
  } }, "Add Organization"));
}
