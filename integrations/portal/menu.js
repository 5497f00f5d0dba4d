// Menus: one popup serves every menu button, so that a thousand rows cost a thousand buttons and no more.

import { icon, make } from "./dom.js";

const popup = document.getElementById("menu");
const list = popup.querySelector("[role=menu]");
const reason = document.getElementById("menu-reason");
let owner = null;

/** A button that opens a menu; `entries` gives [{label, run, why, isApart, isDanger}]. Without run an entry is shown but cannot be chosen; `why` is the reason. */
export function menuButton({ label, title, key, style = "", entries }) {
  let wasOpen = false;
  const button = make("button", {
    class: style, "data-key": key, "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": title,
    onpointerdown: () => { wasOpen = owner === button; },
    onclick: () => {
      if (!wasOpen) openMenu(button, entries());
      wasOpen = false;
    },
    onkeydown: (event) => {
      if (event.key === "ArrowDown") {
        event.preventDefault();
        openMenu(button, entries());
      }
    },
  }, label);
  return button;
}

export const dots = () => icon("dots");

function openMenu(button, entries) {
  const why = entries.find((it) => it.why)?.why ?? "";
  list.replaceChildren(...entries.flatMap((entry) => [...(entry.isApart ? [make("hr", { role: "separator" })] : []), item(button, entry)]));
  list.setAttribute("aria-label", button.getAttribute("aria-label") ?? button.textContent);
  reason.textContent = why;
  reason.hidden = !why;
  popup.showPopover();
  place(button);
  owner = button;
  button.setAttribute("aria-expanded", "true");
  popup.querySelector("button")?.focus();
}

function item(button, { label, run, why, isDanger }) {
  return make("button", {
    class: isDanger ? "danger" : null, role: "menuitem", tabindex: "-1", "aria-disabled": run ? null : "true", "aria-describedby": why ? "menu-reason" : null,
    title: run || why ? null : "Not available in this version",
    onclick: () => {
      if (!run) return;
      popup.hidePopover();
      button.focus();
      run();
    },
  }, label);
}

function place(button) {
  const at = button.getBoundingClientRect();
  const below = at.bottom + 4 + popup.offsetHeight <= innerHeight;
  popup.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - popup.offsetHeight - 4)}px`;
  popup.style.left = `${Math.min(Math.max(8, at.right - popup.offsetWidth), innerWidth - popup.offsetWidth - 8)}px`;
}

popup.addEventListener("toggle", (event) => {
  if (event.newState === "open") return;
  owner?.setAttribute("aria-expanded", "false");
  owner = null;
});

popup.addEventListener("keydown", (event) => {
  const items = [...popup.querySelectorAll("button")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
  const typed = event.key.length === 1 ? event.key.toLowerCase() : "";
  const found = typed.trim() ? items.find((item) => item.textContent.toLowerCase().startsWith(typed)) : items[to % items.length];
  if (event.key === "Tab") popup.hidePopover();
  else if (found) {
    found.focus();
    event.preventDefault();
  }
});

for (const kind of ["scroll", "resize"]) addEventListener(kind, () => owner && place(owner), { passive: true });
