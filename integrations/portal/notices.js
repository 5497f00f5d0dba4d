// Notices above the view: they stay until they are dismissed, another view is shown, or they are no longer true.

import { make, note, show } from "./dom.js";

let shown = null; // {box, holds}

/** A notice that can be dismissed; `holds` says after each look whether it is still true. */
export function notify(colour, detail, remedy, more = [], holds = null) {
  const box = note(colour, detail, remedy, ...more);
  box.append(make("button", { class: "plain", "aria-label": "Dismiss this message", onclick: () => {
    show("notice");
    document.getElementById("main").focus();
  } }, "\u2715"));
  shown = { box, holds };
  show("notice", box);
}

/** Take away what is no longer true. */
export async function endNotice() {
  const mine = shown;
  if (!mine?.holds || !mine.box.isConnected) return;
  const isTrue = await mine.holds().catch((error) => error.status !== 404); // what cannot be asked is left as it is
  if (!isTrue && mine === shown) show("notice");
}
