// Who belongs to lists and audiences: what may be asked and done.

import type { Order } from "../shell/serverSort";
import { body, client } from "./client";
import { ordered, pages } from "./queries";

/** The kinds whose members are read; they have the same operations. */
export type Membered = "account_lists" | "people_lists" | "audiences" | "external_audiences";

/** One of them stands for the types of all. */
const under = <P extends string>(plural: Membered, rest: P) =>
  `/api/v1/${plural}/{key}/${rest}` as `/api/v1/account_lists/{key}/${P}`;

export const membersQuery = (plural: Membered, key: string, q: string, order?: Order) =>
  pages(["definitions", plural, "members", key, q, order], (cursor) =>
    body(
      client.GET(under(plural, "members"), {
        params: {
          path: { key },
          query: {
            limit: 50,
            cursor,
            ...(q === "" ? {} : { q }),
            ...ordered<"/api/v1/account_lists/{key}/members">(order),
          },
        },
      }),
    ),
  );

/** Adds to a list that hands fill, or takes out of it, by key. */
export const changeMembers = (plural: Membered, key: string, keys: string[], add: boolean) => {
  const change = { params: { path: { key } }, body: { keys, when: null } };
  return add
    ? body(client.POST(under(plural, "members"), change))
    : body(client.POST(under(plural, "members/removals"), change));
};

/** The whole list as a file, streamed by the server. */
export const membersCsv = (plural: Membered, key: string) =>
  `/api/v1/${plural}/${encodeURIComponent(key)}/members.csv`;
