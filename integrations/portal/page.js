// The page: which view is shown, and when it looks again. All rules are the server's.

import { backToTable, isTable, showLists, viewAt } from "./address.js";
import { load, quietFor } from "./api.js";
import { learnCaller } from "./caller.js";
import { byKey, frame, make, problem, released, show } from "./dom.js";
import { followFlow } from "./flow.js";
import { setHelp } from "./links.js";
import { leadTo } from "./listing.js";
import { endNotice } from "./notices.js";
import { showOverview } from "./overview.js";
import { showRemovals } from "./removal.js";
import { enter } from "./signin.js";

const LIVE_MS = 1000; // something is under way before our eyes
const BUSY_MS = 2500; // something has just changed
const QUIET_MS = 10000;
const HIDDEN_MS = 60000;
const BUSY_FOR_MS = 60000;
const SETTLING_FRAMES = 4; // rows come into sight, and are taller or shorter than was assumed
const BREATH = 10; // no more than a tenth of the time is spent asking
const LISTS = ["security", "assets"];
const PEOPLE = ["organization", "end-user", "asset"];

let config = {};
let timer = 0;
let turn = 0;
let left = { y: 0 }; // how far the table was scrolled, what had the focus, and where that was

async function start() {
  document.getElementById("skip").addEventListener("click", () => document.getElementById("main").focus());
  config = await (await fetch("config.json")).json();
  setHelp(config.help);
  document.title = `Microsoft Tenant Integrations - ${config.product_name}`;
  if (!(await enter(config))) return;
  document.getElementById("lists").hidden = false;
  history.scrollRestoration = "manual";
  addEventListener("hashchange", turnPage);
  for (const kind of ["pointerover", "focusin"]) addEventListener(kind, fetchEarly);
  document.addEventListener("visibilitychange", () => route());
  addEventListener("pageshow", (event) => event.persisted && location.reload()); // back from Microsoft, half way
  await route();
  leadTo(viewAt(location.hash)[2]);
}

/** A tenant's page is asked for as soon as somebody points at a link to it. */
function fetchEarly({ target }) {
  if (target.closest?.('a[href^="#tenant="]')) tenantPage().catch(() => null); // whoever follows the link is told
}

function tenantPage() {
  return load(() => import("./tenant.js"));
}

/** Another view begins at its top and its heading; the table is found again as it was left, and filtered as it was. */
async function turnPage(event) {
  const before = new URL(event.oldURL).hash;
  const [section, wasTable, isNow] = [viewAt(location.hash)[2], isTable(before), isTable(location.hash)];
  if (isSameList(before, location.hash)) return route();
  if (wasTable) left = whereWeAre();
  show("notice");
  await route();
  if (leadTo(section)) return;
  const back = isNow ? left : { y: 0 };
  scrollTo(0, back.y);
  const heading = document.querySelector("#view h2");
  heading?.setAttribute("tabindex", "-1");
  const known = back.key && byKey(back.key);
  (known || heading || document.getElementById("main")).focus({ preventScroll: true });
  for (let times = 0; known && times < SETTLING_FRAMES; times += 1) {
    scrollBy(0, known.getBoundingClientRect().top - back.top);
    await new Promise(requestAnimationFrame);
  }
}

/** Another filter of one list is no other view. */
function isSameList(before, now) {
  const [[was], [is]] = [viewAt(before), viewAt(now)];
  return was === is && (is === undefined || LISTS.includes(is));
}

function whereWeAre() {
  const { activeElement } = document;
  return { y: scrollY, key: activeElement?.dataset.key, top: activeElement?.getBoundingClientRect().top };
}

/** Where we are stands in the address: #security, #assets, #flow=<id>, #tenant=<id>, #csp=<id>, #removal=<ids>, #user-sync=<tenant id>, what peopleviews.js shows, else the table with its filter. */
async function route() {
  clearTimeout(timer);
  const mine = ++turn;
  const current = async () => {
    await released();
    return mine === turn;
  };
  const [kind, id] = viewAt(location.hash);
  const began = performance.now();
  let wait = document.hidden ? HIDDEN_MS : quietFor() < BUSY_FOR_MS ? BUSY_MS : QUIET_MS;
  if (kind === "flow" && id) followFlow(id, config.product_name, route);
  try {
    const isLive = await view(kind, id, current);
    if (!(await current())) return;
    if (isLive && !document.hidden) wait = LIVE_MS;
    wait = Math.max(wait, BREATH * (performance.now() - began));
    show("trouble");
    lookAround(current);
  } catch (error) {
    if (!(await current())) return;
    if (error.status === 403 || error.status === 401) return refuse(error);
    leaveOtherView(kind, id);
    show("trouble", problem(error));
    wait = Math.max(QUIET_MS, (error.waitS ?? 0) * 1000);
  }
  showLists();
  timer = setTimeout(route, wait);
}

/** What no view waits for: what the signed-in person can do, and whether the notice is still true. */
async function lookAround(current) {
  if ((await learnCaller()) && (await current())) await route();
  await endNotice();
}

async function view(kind, id, current) {
  if (kind === "security") return (await load(() => import("./insights.js"))).showInsights(route, current);
  if (kind === "assets") return (await load(() => import("./assetinsights.js"))).showAssetInsights(route, current);
  if (kind === "tenant" && id) return (await tenantPage()).showTenant(id, config, route, current);
  if (kind === "csp" && id) return (await load(() => import("./csp.js"))).showCsp(id, config, route, current);
  if (kind === "user-sync" && id) return (await load(() => import("./syncviews.js"))).showUserSync(id, route, current);
  if (PEOPLE.includes(kind) && id) return (await load(() => import("./peopleviews.js"))).showPeople(kind, id, route, current);
  if (kind === "removal" && id) return showRemovals(id, route, current);
  return showOverview(config, route, current);
}

/** What cannot be shown does not leave another view standing under its address. */
function leaveOtherView(kind, id) {
  const isOverview = (!id && !LISTS.includes(kind)) || kind === "flow";
  if (document.getElementById("view").dataset.view === (isOverview ? "overview" : id ? `${kind}-${id}` : kind)) return;
  const wholeTable = location.hash ? make("p", { class: "back" }, make("a", { href: "#" }, "\u2190 All tenants")) : "";
  frame("trouble").replaceChildren(isOverview ? wholeTable : backToTable());
}

function refuse(error) {
  show("trouble");
  frame("refused").replaceChildren(make("div", { class: "card blank" },
    make("h2", {}, error.title ?? "You cannot use this page"), make("p", {}, error.message), make("p", { class: "quiet" }, error.remedy)));
}

start().catch((error) => {
  frame("trouble");
  show("trouble", problem(error));
});
