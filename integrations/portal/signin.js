// Who is signed in: a person chosen on one machine, or whoever the embedding portal says. A portal that embeds the
// page also hands the #part of its own address on to the frame: that is how a journey to Microsoft comes back.

import { signIn } from "./api.js";
import { frame, make, show } from "./dom.js";

const PORTAL_MS = 10000;

/** Sign in; false when somebody must first be chosen. */
export async function enter(config) {
  if (!config.personas_url) {
    await signIn(tokenFromPortal);
    return true;
  }
  const persona = sessionStorage.getItem("persona");
  if (!persona) {
    await choosePersona(config);
    return false;
  }
  await signIn(() => tokenOf(config, persona));
  show("who", make("button", { onclick: leave }, `${sessionStorage.getItem("persona-name") ?? persona}: change`));
  return true;
}

function leave() {
  sessionStorage.clear();
  location.hash = "";
  location.reload();
}

async function choosePersona(config) {
  const people = await (await fetch(`${config.personas_url}/personas`)).json();
  frame("people").replaceChildren(make("div", { class: "card" },
    make("h2", {}, "Who are you?"),
    make("p", { class: "quiet" }, "On a local machine you choose a person instead of signing in."),
    make("div", { class: "people" }, people.map((person) => make("button", { onclick: () => {
      sessionStorage.setItem("persona", person.id);
      sessionStorage.setItem("persona-name", person.name);
      location.reload();
    } }, make("strong", {}, person.name), make("small", {}, `${person.role}, ${person.plan} plan, ${person.account_name}`))))));
}

async function tokenOf(config, persona) {
  const answer = await fetch(`${config.personas_url}/token`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ persona }),
  });
  return (await answer.json()).token;
}

/** The embedding portal hands us a token when we ask its window; only that window at its own origin is listened to. */
function tokenFromPortal() {
  const origin = document.querySelector('meta[name="portal-origin"]').content;
  if (parent === window) throw new NobodySignedIn();
  return new Promise((resolve, reject) => {
    const done = (settle, value) => {
      clearTimeout(limit);
      removeEventListener("message", heard);
      settle(value);
    };
    const heard = (event) => {
      if (event.origin !== origin || event.source !== parent || event.data?.kind !== "portal-token") return;
      if (typeof event.data.token === "string") done(resolve, event.data.token);
    };
    const limit = setTimeout(() => done(reject, new NobodySignedIn()), PORTAL_MS);
    addEventListener("message", heard);
    parent.postMessage({ kind: "portal-token-wanted" }, origin);
  });
}

class NobodySignedIn extends Error {
  remedy = "Open this page from your portal, under Admin, RMM Settings, and sign in there.";

  constructor() {
    super("You are not signed in.");
  }
}
