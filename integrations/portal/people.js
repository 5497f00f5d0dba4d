// The users of a tenant, searchable: everybody is read once somebody searches.

import { askRows, at } from "./api.js";
import { make, named } from "./dom.js";
import { longSection } from "./listing.js";

const TYPING_MS = 250;
const MOST_FOUND = 100;
const MOST_READ = 20000;
const state = { tenant: "", wanted: "", typing: 0 };

/** What draws the section of users into a view; `page` is its beginning, which is shown unless somebody searches. */
export async function usersSection(id, page, more, again, empty) {
  if (state.tenant !== id) Object.assign(state, { tenant: id, wanted: "" });
  const everybody = state.wanted ? await askRows(at`/tenants/${id}/users`, {}, MOST_READ) : null;
  const found = everybody?.items.filter((it) => fits(it, state.wanted)) ?? null;
  return (view) => longSection(view, {
    title: "Users", heads: ["Name", "User name", "Department", "Kind", "Sign-in"], more,
    page: found ? { items: found.slice(0, MOST_FOUND), more: false } : page,
    empty: found ? "Nobody matches." : empty,
    found: found ? told(found.length, everybody) : null,
    search: page.items.length ? () => searchField(again) : null,
    cells: (it) => [named(it.name), named(it.username), it.department ? named(it.department) : "", it.is_guest ? "guest" : "member", it.is_enabled === false ? "blocked" : "allowed"],
  });
}

function told(count, { items, more }) {
  const first = count > MOST_FOUND ? `The first ${MOST_FOUND} of ${count.toLocaleString()}` : `${count.toLocaleString()}`;
  return `${first} found among ${more ? "the first " : ""}${items.length.toLocaleString()} users`;
}

function fits({ name, username, department }, wanted) {
  return [name, username, department].some((text) => (text ?? "").toLocaleLowerCase().includes(wanted));
}

function searchField(again) {
  return make("input", {
    type: "search", class: "search", "data-key": "search-users", placeholder: "Search name, user name or department", "aria-label": "Search users", value: state.wanted,
    oninput: (event) => {
      clearTimeout(state.typing);
      state.typing = setTimeout(() => {
        state.wanted = event.target.value.trim().toLocaleLowerCase();
        again();
      }, TYPING_MS);
    },
  });
}
