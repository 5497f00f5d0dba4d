// The page: which view is shown, who is signed in, and when it looks again. All rules are the server's.

import { signIn } from "./api.js";
import { make, problem, show } from "./dom.js";
import { followFlow } from "./flow.js";
import { showTable } from "./table.js";
import { showTenant } from "./tenant.js";

const BUSY_MS = 2000;
const QUIET_MS = 15000;
let config = {};
let timer = 0;

async function start() {
  config = await (await fetch("config.json")).json();
  document.title = `Microsoft Tenant Integrations - ${config.product_name}`;
  const persona = sessionStorage.getItem("persona");
  if (config.personas_url && !persona) return choosePersona();
  await signIn(config.personas_url ? () => tokenOf(persona) : tokenFromPortal);
  if (persona) showPersona(persona);
  addEventListener("hashchange", route);
  route();
}

/** Where we are stands in the address: #flow=<id>, #tenant=<id>, or nothing for the table. */
export async function route() {
  clearTimeout(timer);
  const [kind, id] = location.hash.slice(1).split("=");
  try {
    if (kind === "flow" && id) await followFlow(id, route);
    const busy = kind === "tenant" && id ? await showTenant(id, config, route) : await showTable(config, route);
    timer = setTimeout(route, busy ? BUSY_MS : QUIET_MS);
  } catch (error) {
    show("notice", problem(error));
    if (error.status !== 403 && error.status !== 401) timer = setTimeout(route, QUIET_MS);
    else show("view");
  }
}

async function choosePersona() {
  const people = await (await fetch(`${config.personas_url}/personas`)).json();
  show("view", make("div", { class: "card" },
    make("h2", {}, "Who are you?"),
    make("p", { class: "quiet" }, "On one machine, people are chosen instead of signed in."),
    make("div", { class: "people" }, people.map((person) => make("button", { onclick: () => {
      sessionStorage.setItem("persona", person.id);
      location.reload();
    } }, make("strong", {}, person.name), make("br"), make("small", {}, `${person.role}, ${person.plan} plan, ${person.account_name}`))))));
}

function showPersona(persona) {
  show("who", make("button", { onclick: () => { sessionStorage.clear(); location.hash = ""; location.reload(); } }, `${persona}: change`));
}

async function tokenOf(persona) {
  const answer = await fetch(`${config.personas_url}/token`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ persona }),
  });
  return (await answer.json()).token;
}

/** The embedding portal hands us a token when we ask its window; only its own origin is listened to. */
function tokenFromPortal() {
  return new Promise((resolve) => {
    const origin = location.origin;
    addEventListener("message", function heard(event) {
      if (event.origin !== origin || event.data?.kind !== "portal-token") return;
      removeEventListener("message", heard);
      resolve(event.data.token);
    });
    parent.postMessage({ kind: "portal-token-wanted" }, origin);
  });
}

start().catch((error) => show("notice", problem(error)));
