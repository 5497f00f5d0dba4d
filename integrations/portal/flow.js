// The journey to Microsoft and back: start it, follow it, confirm what it proved.

import { ask, at } from "./api.js";
import { facts, make, named, note, notify, problem, show, words } from "./dom.js";
import { guarded, open } from "./dialog.js";
import { helpLinks, linkList } from "./links.js";
import { mapTenant } from "./mapping.js";

const LOOK_MS = 1000;
const following = new Set();

const WORDS = {
  single: {
    title: "Finish the integration",
    proved: "Microsoft has verified this tenant. Finish only if it is the one you want to integrate.",
    tenant: "Microsoft Tenant",
    done: "Its row shows the next step.",
  },
  csp: {
    title: "Finish the CSP integration",
    proved: "Microsoft has verified this CSP tenant. Finish only if it is yours. We then read its customers, which can take several minutes.",
    tenant: "CSP Tenant",
    done: "Authorization may take several minutes. The tenants then appear in the table automatically.",
  },
};

/** Start a journey: Microsoft is the next page, also for a page that stands inside another. */
export async function startFlow(path, body) {
  const started = await ask("POST", path, body);
  goTo(started.authorize_url);
  await new Promise(() => {}); // the next page is on its way; nothing more happens on this one
}

function goTo(url) {
  if (new URL(url).protocol !== "https:") throw new Error("This is not a Microsoft address.");
  if (parent === window) location.assign(url);
  else if (!window.open(url, "_top")) throw new Error("The portal did not allow this page to open Microsoft's sign-in page.");
}

/** What Microsoft will ask of a single tenant's administrator, before the first of its two screens. */
export async function showSingleTenant() {
  const { single } = await ask("GET", "/consent-screens");
  open("Integrate a single tenant", make("div", {},
    make("p", {}, "Sign in at Microsoft as a Global Administrator of the tenant. Microsoft shows two screens, and you select Accept on each."), screenList(single)),
  [
    { label: "Cancel" },
    { label: "Continue to Microsoft", style: "main", run: () => startFlow("/integrations", { kind: "single" }) },
  ]);
}

/** Microsoft's consent screens: why each is there, and its permissions folded away. */
export function screenList(screens) {
  return make("ol", { class: "conditions" }, screens.map((screen) => make("li", {}, make("strong", {}, screen.title), make("p", {}, screen.why),
    make("details", {}, make("summary", {}, `Its ${screen.permissions.length} ${screen.permissions.length === 1 ? "permission" : "permissions"}`),
      make("ul", {}, screen.permissions.map((it) => make("li", {}, make("code", {}, it.name), `: ${it.why}`)))))));
}

/** What a CSP needs before it is integrated: read, ticked, and only then on to Microsoft. */
export async function showPrerequisites() {
  const [told, { csp }] = await Promise.all([ask("GET", "/prerequisites/csp"), ask("GET", "/consent-screens")]);
  const tick = make("input", { type: "checkbox", id: "acknowledged", onchange: () => { go.disabled = !tick.checked; } });
  const [, go] = open(told.title, make("div", {},
    make("ol", { class: "conditions" }, told.items.map((item) => make("li", {}, make("strong", {}, item.title), make("p", {}, item.detail)))),
    make("h3", {}, "What Microsoft asks for"), screenList(csp),
    linkList(helpLinks("important_information")),
    make("label", { class: "tick" }, tick, make("span", {}, told.acknowledgement))),
  [
    { label: "Cancel" },
    { label: "Continue", style: "main", off: true, run: () => startFlow("/integrations", { kind: "csp", prerequisites: { accepted: true, version: told.version } }) },
  ]);
}

/** Follow a journey until there is nothing more to wait for. */
export async function followFlow(id, product, again) {
  if (following.has(id)) return;
  following.add(id);
  try {
    let flow = await ask("GET", at`/consent/${id}`);
    while (flow.state === "returned" && isHere(id)) {
      if (flow.given_up) notify("red", flow.given_up.detail, flow.given_up.remedy);
      else notify("orange", "Waiting for the permissions to take effect at Microsoft.", "This usually takes seconds, sometimes minutes.");
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      flow = await ask("GET", at`/consent/${id}`);
    }
    if (isHere(id)) tell(flow, product, again);
  } catch (error) {
    leave();
    show("notice", problem(error));
  } finally {
    following.delete(id);
  }
}

function isHere(id) {
  return location.hash === `#flow=${id}`;
}

function leave() {
  history.replaceState(null, "", location.pathname + location.search);
}

function tell(flow, product, again) {
  if (flow.state === "waiting" && flow.continue_url) return goOn(flow);
  if (flow.state === "proven") return confirm(flow, product, again);
  leave();
  if (flow.state === "failed") notify("red", flow.detail, flow.remedy, evidence(flow));
  else if (flow.state === "waiting") notify("orange", "The sign-in at Microsoft is not finished.", "Finish it there, or start again from the Integrate button.");
  else show("notice");
}

/** The sign-in was accepted. Once, we go on by ourselves; whoever comes back, or is in a frame, sees a button. */
function goOn(flow) {
  const mark = `went-on-${flow.flow_id}`;
  if (parent === window && !sessionStorage.getItem(mark)) {
    sessionStorage.setItem(mark, "yes");
    goTo(flow.continue_url);
    return;
  }
  notify("orange", `Signed in as ${flow.signed_in_as}. The permissions are not accepted yet.`, "",
    make("button", { class: "main", onclick: () => goTo(flow.continue_url) }, "Accept permissions at Microsoft"));
}

function confirm(flow, product, again) {
  const said = WORDS[flow.kind] ?? WORDS.single;
  show("notice");
  open(said.title, make("div", {}, make("p", {}, said.proved),
    facts([[said.tenant, flow.tenant.name ? named(flow.tenant.name) : null], ["Tenant id", make("code", {}, flow.tenant.id)], ["Signed in as", flow.signed_in_as]]),
    flow.reason ? note("yellow", flow.detail, flow.remedy, make("p", {}, "You can still finish. Until this is fixed, the page shows it as the status."), evidence(flow)) : null),
  [
    { label: "Not this one", run: leave },
    { label: "Finish", style: "main", run: async () => {
      await ask("POST", at`/consent/${flow.flow_id}/complete`);
      leave();
      notify("green", `${flow.tenant.name ?? flow.tenant.id} is integrated.`, said.done, flow.kind === "single" ? await nextStep(flow.tenant.id, product, again).catch(() => null) : null);
      again();
    } },
  ]);
}

/** A button to map the tenant that was just integrated; nothing if it is mapped already, as after Reauthorize. */
async function nextStep(id, product, again) {
  const { tenant: row } = await ask("GET", at`/tenants/${id}`);
  const offer = row.actions.find(({ action }) => action === "map");
  return offer ? make("button", { class: "main", "data-key": "next-map", onclick: guarded(() => mapTenant(row, offer.label, product, again)) }, offer.label) : null;
}

function evidence(flow) {
  const told = Object.entries(flow.evidence ?? {});
  return told.length ? facts(told.map(([name, value]) => [words(name), make("code", {}, String(value))])) : null;
}
