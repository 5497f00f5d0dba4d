// A dialog to choose values of a filter: what there is, with the number of people, and what somebody types.

import { open } from "./dialog.js";
import { make, named } from "./dom.js";

const SHOWN = 60;

/**
 * Choose some of `choices`, which are {key, label, people, value}, the most people first; values that are `taken` are left out.
 * `typed` gives further ones for a text, and `choose` is given the values that were chosen.
 */
export function pick({ title, hint, choices, taken, typed = () => [], choose }) {
  const chosen = new Map();
  const isLeft = ({ value }) => !taken.some((it) => JSON.stringify(it) === JSON.stringify(value));
  const list = make("div", { class: "choices", role: "group", "aria-label": title });
  const count = make("p", { class: "quiet", role: "status" });
  const box = (it) => make("label", {}, make("input", { type: "checkbox", checked: chosen.has(it.key), onchange: ({ target }) => {
    if (target.checked) chosen.set(it.key, it.value);
    else chosen.delete(it.key);
    add.disabled = !chosen.size;
    said(null);
  } }), make("span", {}, it.prefix ?? "", named(it.label), people(it.people)));
  let found = choices;
  const said = (text) => {
    const all = text === null ? "" : found.length > SHOWN ? `${found.length.toLocaleString()} found. The first ${SHOWN} are shown; type more to narrow the search.` : `${found.length.toLocaleString()} found.`;
    count.textContent = [all, chosen.size ? `${chosen.size} chosen.` : ""].filter(Boolean).join(" ");
  };
  const draw = (text) => {
    const sought = text.trim().toLocaleLowerCase();
    found = choices.filter((it) => isLeft(it) && it.label.toLocaleLowerCase().includes(sought));
    const [others, nobodys] = [true, false].map((holds) => (sought ? typed(text.trim()).filter((it) => isLeft(it) && it.people > 0 === holds) : []));
    list.replaceChildren(...[...others, ...found.slice(0, SHOWN), ...nobodys].map(box));
    said(text);
  };
  const [, add] = open(title, make("div", {}, make("label", { class: "field" }, hint,
    make("input", { type: "search", autofocus: true, oninput: ({ target }) => draw(target.value) })), count, list),
  [
    { label: "Cancel" },
    { label: "Add", style: "main", off: true, run: () => choose([...chosen.values()]) },
  ]);
  draw("");
}

function people(number) {
  return number == null ? null : make("small", {}, number === 1 ? "1 person" : `${number.toLocaleString()} people`);
}

/** Choices of a text: each value there is; and, of what somebody types, equal to it or beginning with it. */
export function textChoices(values) {
  const key = (operator, text) => `${operator} ${text.toLocaleLowerCase()}`;
  const choices = values.map(({ value, people: number }) => ({ key: key("equals", value), label: value, people: number, value: { value, operator: "equals" } }));
  const typed = (text) => {
    const begins = values.filter(({ value }) => value.toLocaleLowerCase().startsWith(text.toLocaleLowerCase()));
    const isKnown = values.some(({ value }) => value.toLocaleLowerCase() === text.toLocaleLowerCase());
    return [
      ...(isKnown ? [] : [{ key: key("equals", text), prefix: "Exactly ", label: text, people: 0, value: { value: text, operator: "equals" } }]),
      { key: key("starts_with", text), prefix: "Starts with ", label: text, people: begins.reduce((sum, it) => sum + it.people, 0), value: { value: text, operator: "starts_with" } },
    ];
  };
  return { choices, typed };
}

/** Choices of a domain: each there is, and any other that somebody types. */
export function domainChoices(values) {
  const choice = (value, number) => ({ key: value, label: value, people: number, value });
  const typed = (text) => {
    const name = text.toLocaleLowerCase().replace(/^@/, "");
    return values.some(({ value }) => value === name) || !name.includes(".") ? [] : [choice(name, 0)];
  };
  return { choices: values.map((it) => choice(it.value, it.people)), typed };
}

/** Choices of a group: only those there are, as a group goes by its id. */
export function groupChoices(groups) {
  return { choices: groups.map((it) => ({ key: it.id, label: it.name, people: it.people, value: it.id })) };
}
