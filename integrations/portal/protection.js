// What has to be done about somebody's MFA, in words and colours.

import { counted, draw, make } from "./dom.js";

/** By the API's names, what is worst first: [label, colour, what it means]. */
export const PROTECTIONS = {
  exposed: ["No MFA", "red", "MFA is not required of them at every sign-in, and they have not registered for it. A password is enough to get in."],
  to_register: ["Must register", "orange", "MFA is required of them, but they have registered nothing that they can use. Whoever has the password can register first."],
  not_asked: ["Not required", "orange", "They have registered for MFA, but it is not required of them at every sign-in."],
  unknown: ["Unknown", "grey", "Something that decides about them could not be read."],
  protected: ["Protected", "green", "MFA is required of them at every sign-in, and they can use it."],
};
const WIDTH = 100;
const HEIGHT = 6;

/** People as a bar: who is not protected, of whom it is not known, and all others. */
export function shareBar({ total, unprotected, unknown }) {
  let from = 0;
  const parts = [[unprotected, "orange"], [unknown, "grey"], [total - unprotected - unknown, "green"]].filter(([count]) => count > 0);
  return draw("svg", { class: "share", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts.map(([count, colour]) => {
    const width = (count / total) * WIDTH;
    const drawn = draw("rect", { class: colour, x: from, y: 0, width, height: HEIGHT });
    from += width;
    return drawn;
  }));
}

export function protectionMark(name) {
  const [label, colour] = PROTECTIONS[name] ?? [name, "grey"];
  return make("span", { class: `mark ${colour}` }, label);
}

/** "14 of 212 not protected, 1 administrator". Whoever is excepted is not counted as unprotected. */
export function shortly({ counts, excepted }) {
  const { people, administrators } = counts;
  const [wrong, worst] = [unprotected(people, excepted.people), unprotected(administrators, excepted.administrators)];
  const rest = [[people.unknown, "unknown"], [excepted.people.total, "excepted"]].filter(([number]) => number).map(([number, what]) => `${number.toLocaleString()} ${what}`);
  const first = wrong || rest.length ? [`${wrong.toLocaleString()} of ${people.total.toLocaleString()} not protected`, ...(worst ? [counted(worst, "administrator")] : [])] : ["Everybody is protected"];
  return [...first, ...rest].join(", ");
}

/** How many of them are protected in percent, and the colour of it. */
export function covering({ counts: { people, administrators }, excepted }) {
  const colour = unprotected(administrators, excepted.administrators) ? "red" : unprotected(people, excepted.people) ? "orange" : people.unknown ? "grey" : "green";
  return [people.total ? `${Math.floor((people.protected / people.total) * 100)} %` : "-", colour];
}

function unprotected(counts, excepted) {
  return counts.total - counts.protected - counts.unknown - excepted.total;
}
