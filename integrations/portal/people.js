// The users of a tenant, searchable: everybody is read once somebody searches.

import { askRows, at } from "./api.js";
import { named } from "./dom.js";
import { longSection } from "./listing.js";
import { searchField } from "./search.js";

const MOST_FOUND = 100;
const MOST_READ = 20000;
const state = { tenant: "", wanted: "" };

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
    search: page.items.length ? () => usersField(again) : null,
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

function usersField(again) {
  return searchField({
    key: "search-users", class: "search", label: "Search users", hint: "Search name, user name or department", value: state.wanted,
    onsearch: (text) => {
      state.wanted = text.toLocaleLowerCase();
      again();
    },
  });
}
