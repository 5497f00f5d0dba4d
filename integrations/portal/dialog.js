// The one dialog of the page: it says what will happen before it happens, and what went wrong after.

import { byKey, make, problem } from "./dom.js";

const dialog = document.getElementById("dialog");
let openedFrom;

dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  if (document.activeElement && document.activeElement !== document.body) return;
  (openedFrom && byKey(openedFrom) || document.getElementById("main")).focus();
});

/**
 * A dialog; `buttons` are {label, style, run, off}: it closes when run succeeds (unless that gives true), and shows what went wrong otherwise.
 * Returns the buttons, so that the content can switch them on and off.
 */
export function open(title, content, buttons) {
  const trouble = make("div", { role: "alert" });
  const made = buttons.map(({ label, style = "", run, off = false }) => {
    const button = make("button", { type: "button", class: style, disabled: off, onclick: () => press(button, run, trouble) }, label);
    return button;
  });
  if (!dialog.open) openedFrom = document.activeElement?.dataset.key;
  dialog.replaceChildren(make("h2", { id: "dialog-title", tabindex: "-1" }, title),
    make("div", { class: "said", tabindex: "0", role: "group", "aria-labelledby": "dialog-title" }, content), trouble, make("div", { class: "end" }, made));
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("h2")).focus();
  return made;
}

async function press(button, run, trouble) {
  button.disabled = true;
  trouble.replaceChildren();
  const mine = dialog.firstChild;
  try {
    const stays = (await run?.()) === true;
    button.disabled = false;
    if (dialog.firstChild === mine && !stays) dialog.close();
  } catch (error) {
    trouble.replaceChildren(problem(error));
    button.disabled = false;
    button.focus();
  }
}

/** A field of a dialog with its label. */
export function field(label, input) {
  return make("label", { class: "field" }, make("span", {}, label), input);
}

/** Run something a menu entry or a button asks for; what goes wrong is told in a dialog. */
export function guarded(run) {
  return async (...given) => {
    try {
      await run(...given);
    } catch (error) {
      open(error.title ?? "That did not work", problem(error), [{ label: "Close" }]);
    }
  };
}
