// The journey to Microsoft and back: start it, follow it, confirm what it proved.

import { leaveForTable } from "./address.js";
import { ask, at } from "./api.js";
import { counted, facts, make, named, note, problem, show, words } from "./dom.js";
import { guarded, open } from "./dialog.js";
import { helpLinks, linkList } from "./links.js";
import { mapTenant } from "./mapping.js";
import { notify } from "./notices.js";

const LOOK_MS = 1000;
const following = new Set();
let latest = ""; // as it was last told: while that is so, dialog and notice are left alone

addEventListener("hashchange", () => { latest = ""; });

const WORDS = {
  single: {
    title: "Finish the integration",
    proved: "Microsoft has verified this tenant. Finish only if it is the one you want to integrate.",
    tenant: "Microsoft Tenant",
    done: "Only its name has been read. Map it to an Organization to sync its data.",
  },
  csp: {
    title: "Finish the CSP integration",
    proved: "Microsoft has verified this CSP tenant. Finish only if it is yours. We then read its customers, which can take several minutes.",
    tenant: "CSP Tenant",
    done: "Authorization may take several minutes. The tenants then appear in the table automatically.",
    next: "Its tenants are in the table. Map each of them to an Organization to sync its data.",
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
    make("details", {}, make("summary", {}, `Its ${counted(screen.permissions.length, "permission")}`),
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
    const found = JSON.stringify(flow);
    if (!isHere(id) || found === latest) return;
    latest = found;
    tell(flow, product, again);
  } catch (error) {
    leaveForTable();
    show("notice", problem(error));
  } finally {
    following.delete(id);
  }
}

function isHere(id) {
  return location.hash === `#flow=${id}`;
}

function tell(flow, product, again) {
  if (flow.state === "waiting" && flow.continue_url) return goOn(flow);
  if (flow.state === "proven") return confirm(flow, product, again);
  leaveForTable();
  if (flow.state === "failed") notify("red", flow.detail, flow.remedy, [evidence(flow)]);
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
    [make("button", { class: "main", onclick: () => goTo(flow.continue_url) }, "Accept permissions at Microsoft")]);
}

function confirm(flow, product, again) {
  const said = WORDS[flow.kind] ?? WORDS.single;
  show("notice");
  open(said.title, make("div", {}, make("p", {}, said.proved),
    facts([[said.tenant, flow.tenant.name ? named(flow.tenant.name) : null], ["Tenant id", make("code", {}, flow.tenant.id)], ["Signed in as", flow.signed_in_as]]),
    flow.reason ? note("yellow", flow.detail, flow.remedy, make("p", {}, "You can still finish. Until this is fixed, the page shows it as the status."), evidence(flow)) : null),
  [
    { label: "Not this one", run: leaveForTable },
    { label: "Finish", style: "main", run: async () => {
      const { integration_id: integrationId } = await ask("POST", at`/consent/${flow.flow_id}/complete`);
      leaveForTable();
      const name = flow.tenant.name ?? flow.tenant.id;
      if (flow.kind === "single") await tellConnected(flow.tenant.id, name, product, again);
      else tellAuthorizing(integrationId, name);
      again();
    } },
  ]);
}

/** The tenant is integrated, and can be mapped. After Reauthorize it may be mapped already; then nothing is left to do. */
async function tellConnected(id, name, product, again) {
  const read = async () => (await ask("GET", at`/tenants/${id}`)).tenant;
  const row = await read().catch(() => null);
  const offer = row?.actions.find(({ action }) => action === "map");
  if (!offer) return notify("green", `${name} is integrated.`, "");
  const button = make("button", { class: "main", "data-key": "next-map", onclick: guarded(() => mapTenant(row, offer.label, product, again)) }, offer.label);
  return notify("green", `${name} is integrated.`, WORDS.single.done, [button], async () => !(await read()).syncro_tenant);
}

/** The CSP is integrated, and is being authorized; then its tenants can be mapped. Its row says if that has failed. */
function tellAuthorizing(id, name) {
  const read = async () => (await ask("GET", "/integrations?limit=1")).csps.find((it) => it.id === id)?.sync_status.label;
  const isDone = async () => (await read()) === "Success";
  notify("green", `${name} is integrated.`, WORDS.csp.done, [], async () => {
    const label = await read();
    if (label === "Success") notify("green", `${name} is integrated.`, WORDS.csp.next, [], isDone);
    return label === "Auth Pending" || label === "Success";
  });
}

function evidence(flow) {
  const told = Object.entries(flow.evidence ?? {});
  return told.length ? facts(told.map(([name, value]) => [words(name), make("code", {}, String(value))])) : null;
}
