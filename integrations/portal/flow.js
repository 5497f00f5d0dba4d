// The journey to Microsoft and back: start it, follow it, confirm what it proved.

import { ask } from "./api.js";
import { facts, make, open, show } from "./dom.js";

const LOOK_MS = 1000;

/** Start a journey: Microsoft is the next page. */
export async function startFlow(path, body) {
  const started = await ask("POST", path, body);
  location.assign(started.authorize_url);
}

/** Show how a journey stands and do the next step; resolves when there is nothing more to wait for. */
export async function followFlow(id, done) {
  const flow = await ask("GET", `/consent/${id}`);
  if (flow.state === "waiting" && flow.continue_url) return goOn(flow);
  if (flow.state === "returned") {
    show("notice", note("orange", "Waiting for Microsoft to put the permissions into effect.", "This usually takes seconds, sometimes minutes."));
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    return location.hash === `#flow=${id}` ? followFlow(id, done) : undefined;
  }
  if (flow.state === "proven") return confirm(flow, done);
  if (flow.state === "failed") {
    show("notice", note("red", flow.detail, flow.remedy, flow.evidence));
  } else if (flow.state === "waiting") {
    show("notice", note("orange", "The sign-in at Microsoft is not finished.", "Finish it there, or start again from the Integrate button."));
  }
  history.replaceState(null, "", location.pathname);
}

/** The sign-in was accepted. Once, we go on by ourselves; whoever comes back sees a button. */
function goOn(flow) {
  const mark = `went-on-${flow.flow_id}`;
  if (!sessionStorage.getItem(mark)) {
    sessionStorage.setItem(mark, "yes");
    location.assign(flow.continue_url);
    return;
  }
  show("notice", make("div", { class: "notice" },
    make("p", {}, `Signed in as ${flow.signed_in_as}. The permissions are not accepted yet.`),
    make("button", { class: "main", onclick: () => location.assign(flow.continue_url) }, "Accept permissions at Microsoft")));
}

function confirm(flow, done) {
  show("notice");
  const leave = () => history.replaceState(null, "", location.pathname);
  open("Finish the integration", make("div", {},
    make("p", {}, "Microsoft has proved this tenant. Finish only if it is the one you meant to connect."),
    facts([["Microsoft Tenant", flow.tenant.name], ["Tenant id", flow.tenant.id], ["Signed in as", flow.signed_in_as]])), [
    { label: "Not this one", run: () => { leave(); } },
    { label: "Finish", main: true, run: async () => {
      await ask("POST", `/consent/${flow.flow_id}/complete`);
      leave();
      show("notice", note("green", `${flow.tenant.name} is connected.`, ""));
      done();
    } },
  ]);
}

function note(colour, detail, remedy, evidence = {}) {
  const told = Object.entries(evidence);
  return make("div", { class: `notice ${colour}` }, make("p", {}, make("strong", {}, detail)), make("p", {}, remedy), told.length ? facts(told) : null);
}
