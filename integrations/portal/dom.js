// Elements without innerHTML: text from outside can only ever become text.

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

export function show(id, ...children) {
  document.getElementById(id).replaceChildren(...children.filter((child) => child != null));
}

/** "12 minutes ago", with the exact time as a tooltip. */
export function ago(moment) {
  if (!moment) return make("span", { class: "quiet" }, "never");
  const seconds = Math.round((Date.parse(moment) - Date.now()) / 1000);
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  const text = new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
  return make("time", { datetime: moment, title: new Date(moment).toLocaleString() }, unit === "second" ? "just now" : text);
}

export function facts(pairs) {
  return make("dl", {}, pairs.filter(([, value]) => value != null && value !== "").flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

/** A button that opens a small menu; entries are {label, run}, without run they are shown but cannot be chosen. */
export function menu(label, title, entries, style = "") {
  const list = make("div", { role: "menu", popover: "auto", class: "popup" });
  const button = make("button", { class: style, "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": title, onclick: () => list.togglePopover() }, label);
  list.addEventListener("toggle", (event) => {
    const opens = event.newState === "open";
    button.setAttribute("aria-expanded", String(opens));
    if (!opens) return;
    const place = button.getBoundingClientRect();
    list.style.top = `${Math.min(place.bottom + 4, innerHeight - list.offsetHeight - 8)}px`;
    list.style.left = `${Math.max(8, place.right - list.offsetWidth)}px`;
    list.querySelector("button:not(:disabled)")?.focus();
  });
  list.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const items = [...list.querySelectorAll("button:not(:disabled)")];
    const step = event.key === "ArrowDown" ? 1 : items.length - 1;
    items[(items.indexOf(document.activeElement) + step) % items.length]?.focus();
    event.preventDefault();
  });
  for (const { label: text, run } of entries) {
    list.append(make("button", { role: "menuitem", disabled: !run, title: run ? null : "Not offered by this version", onclick: () => { list.hidePopover(); run?.(); } }, text));
  }
  return make("span", {}, button, list);
}

const dialog = () => document.getElementById("dialog");

/** A dialog; `buttons` are {label, main, run}: it closes when run succeeds, and shows what went wrong otherwise. */
export function open(title, content, buttons) {
  const trouble = make("div", { role: "alert" });
  const row = make("div", { class: "end" });
  for (const { label, main, run } of buttons) {
    row.append(make("button", { class: main ? "main" : "", onclick: async (event) => {
      event.target.disabled = true;
      try {
        await run?.();
        dialog().close();
      } catch (error) {
        trouble.replaceChildren(problem(error));
        event.target.disabled = false;
      }
    } }, label));
  }
  dialog().replaceChildren(make("h2", { id: "dialog-title" }, title), content, trouble, row);
  if (!dialog().open) dialog().showModal();
}

export function problem(error) {
  return make("div", { class: "notice red" }, make("p", {}, make("strong", {}, error.message)), make("p", {}, error.remedy ?? ""));
}
