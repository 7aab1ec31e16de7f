/** The most active users, where the platform names them. */
import { html } from "hono/html";
import { TOP_USERS_MAX } from "../../../schema/limits.ts";
import { EVENT_TYPES } from "../model/event-types.ts";
import type { View } from "../model/view.ts";
import { barAt, type Html, shownAt, textAt } from "./place.ts";

export function topUsers(view: View): Html {
  const rows = Array.from({ length: TOP_USERS_MAX }, (_, place) => {
    const row = `user.${place}`;
    return html`<tr ${shownAt(view, row)}><th scope="row">${textAt(view, row)}</th><td class="length">${barAt(view, row)}</td>${EVENT_TYPES.map(
      ({ type }) => html`<td class="part">${textAt(view, `${row}.${type}`)}</td>`,
    )}<td>${textAt(view, `${row}.events`)}</td></tr>
`;
  });
  return html`<section class="panel users" aria-labelledby="users" ${shownAt(view, "users")}>
<h2 id="users">Most active users</h2>
<p class="note">By all their events.</p>
<table>
<thead><tr><th scope="col">User</th><th class="length" scope="col"><span class="aside">Parts by type</span></th>${EVENT_TYPES.map(
    ({ plural }) => html`<th class="part" scope="col">${plural}</th>`,
  )}<th scope="col">Events</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</section>`;
}
