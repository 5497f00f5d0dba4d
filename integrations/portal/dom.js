// Elements without innerHTML: text from outside can only ever become text.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  green: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM7 11.2 3.8 8l1.1-1.1L7 9l4.1-4.1L12.2 6Z",
  orange: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3 9.6L7.2 8.4V4h1.6v3.5l3 1.7Z",
  yellow: "M8 1 .6 14.4h14.8ZM7.2 6h1.6v4.2H7.2Zm0 5.2h1.6v1.6H7.2Z",
  red: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.2 9.1-1.1 1.1L8 9.1l-2.1 2.1-1.1-1.1L6.9 8 4.8 5.9l1.1-1.1L8 6.9l2.1-2.1 1.1 1.1L9.1 8Z",
  grey: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.5 7.8h-7V7.2h7Z",
  dots: "M8 2a1.4 1.4 0 1 1 0 2.8A1.4 1.4 0 0 1 8 2Zm0 4.6a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8Zm0 4.6A1.4 1.4 0 1 1 8 14a1.4 1.4 0 0 1 0-2.8Z",
  down: "m3.5 5.5 4.5 4.5 4.5-4.5 1 1L8 12 2.5 6.5Z",
  away: "M9 2h5v5h-1.5V4.6L7 10 6 9l5.4-5.5H9ZM3 4h4v1.5H4.5v6h6V9H12v4H3Z",
  cloud: "M4.5 13a3.5 3.5 0 0 1-.6-7A4.5 4.5 0 0 1 12.6 7 3 3 0 0 1 12 13Z",
};

const sheets = {}; // what is loaded, by address
const LONGEST_PRESS_MS = 1000; // whoever holds it longer marks text
const MANY = 60; // characters, from where on a name may be cut in the table

/** make("p", {class: "quiet"}, "text", child): attributes that begin with "on" are listeners. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

/** The same for a drawing. */
export function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function icon(name) {
  return draw("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, draw("path", { d: ICONS[name] ?? ICONS.grey }));
}

/** A name from outside; its writing direction stays inside. */
export function named(text) {
  return make("bdi", { title: String(text).length > MANY ? text : null }, text);
}

export function show(id, ...children) {
  document.getElementById(id).replaceChildren(...children.filter((child) => child != null));
}

/** Let a screen reader say it. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

const unfolded = new Map(); // view, and key of a summary in it -> whether somebody unfolded it

addEventListener("click", ({ target }) => {
  const summary = target.closest("summary[data-key]");
  if (summary) unfolded.set(placeOf(summary), !summary.parentNode.open); // it opens or closes after this
});

let pressed = null; // a promise that what was last pressed is released

addEventListener("pointerdown", () => {
  pressed = new Promise((resolve) => {
    const release = () => setTimeout(resolve); // after the click
    for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, release, { once: true, capture: true });
    setTimeout(resolve, LONGEST_PRESS_MS);
  });
}, { capture: true });

/** Wait until nothing is pressed: a click on what is replaced while it is pressed would be lost. */
export async function released() {
  await pressed;
}

function placeOf(summary) {
  return `${document.getElementById("view").dataset.view} ${summary.dataset.key}`;
}

/** A style sheet that only some views need; it is there before they are drawn. */
export function stylesheet(href) {
  sheets[href] ??= new Promise((resolve) => {
    document.head.append(make("link", { rel: "stylesheet", href, onload: resolve, onerror: ({ target }) => {
      delete sheets[href];
      target.remove();
      resolve();
    } }));
  });
  return sheets[href];
}

/** The frame of a view: made anew only when another view was shown before. */
export function frame(name) {
  const view = document.getElementById("view");
  if (view.dataset.view !== name) {
    view.dataset.view = name;
    view.replaceChildren();
  }
  return view;
}

/** A part of a view: built again only when what it shows has changed; the focus and what was unfolded stay as they were. */
export function part(parent, name, shown, build) {
  let slot = [...parent.children].find((child) => child.dataset.part === name);
  if (!slot) {
    slot = make("div", { "data-part": name });
    parent.append(slot);
  }
  const sign = JSON.stringify(shown) ?? "";
  if (slot.sign !== sign) {
    slot.sign = sign;
    keepFocus(slot, () => {
      slot.replaceChildren(...[build()].flat().filter((child) => child != null));
      for (const it of slot.querySelectorAll("summary[data-key]")) it.parentNode.open = unfolded.get(placeOf(it)) ?? it.parentNode.open;
    });
  }
  return slot;
}

export function keepFocus(within, change) {
  const active = document.activeElement;
  const key = within.contains(active) ? active.dataset.key : undefined;
  change();
  if (key && !active.isConnected) byKey(key)?.focus();
}

export function byKey(key) {
  return document.querySelector(`[data-key="${CSS.escape(key)}"]`);
}

export function facts(pairs) {
  return make("dl", {}, pairs.filter(([, value]) => value != null && value !== "")
    .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

export function bullets(texts) {
  return make("ul", { class: "bullets" }, texts.map((text) => make("li", {}, text)));
}

/** A coloured box with a sentence and what to do about it. */
export function note(colour, detail, remedy, ...more) {
  return make("div", { class: `notice ${colour}` }, icon(colour),
    make("div", {}, make("p", {}, make("strong", {}, ...[detail].flat())), remedy ? make("p", {}, remedy) : null, ...more));
}

export function problem(error) {
  return note("red", error.message, error.remedy ?? "");
}

/** "1 step", "2,000 steps"; with verbs, as " is" and " are", one of them after it. */
export function counted(number, what, is = "", are = "") {
  return `${number.toLocaleString()} ${number === 1 ? what + is : `${what}s${are}`}`;
}

/** "not_read_yet" in words. */
export function words(code) {
  return String(code ?? "").replaceAll("_", " ").replace(/\bmfa\b/, "MFA");
}
