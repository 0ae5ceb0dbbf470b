// Buying groups: what may be asked and done.
import { queryOptions } from "@tanstack/react-query";
import type { GroupSearch } from "../groups/search";
import type { Order } from "../shell/serverSort";
import { body, client } from "./client";
import type { ExportOf } from "./exports";
import { ordered, pages } from "./queries";

const PAGE = 50;
/** As many of a role as one page of the API has. */
export const MOST_OF_ROLE = 200;

/** What narrows the list, as the API calls it. */
const asked = (search: GroupSearch) => ({
  q: search.q,
  solution_interest: search.interest,
  stage: search.stage,
  status: search.status,
  missing_role: search.missing,
  present_role: search.present,
  completeness_from: search.above,
  completeness_to: search.below,
  engagement_from: search.engagedFrom,
  engagement_to: search.engagedTo,
});

export const groupsQuery = (search: GroupSearch, order?: Order) =>
  pages(["groups", asked(search), order], (cursor) =>
    body(
      client.GET("/api/v1/buying_groups", {
        params: {
          query: {
            limit: PAGE,
            cursor,
            ...asked(search),
            ...ordered<"/api/v1/buying_groups">(order),
          },
        },
      }),
    ),
  );

/** The same groups as an export names them. */
export const exportedGroups = (search: GroupSearch, order?: Order) => {
  const named = Object.entries(asked(search)).map(([name, value]) => [name, value ?? null]);
  return { ...Object.fromEntries(named), ...order } as Extract<
    ExportOf,
    { buying_groups: unknown }
  >["buying_groups"];
};

export const groupQuery = (id: string) =>
  queryOptions({
    queryKey: ["group", id],
    queryFn: () => body(client.GET("/api/v1/buying_groups/{id}", { params: { path: { id } } })),
  });

/** The most engaged members of a group, of all or of those in one role. */
export const topMembersQuery = (id: string, limit: number, role?: string) =>
  queryOptions({
    queryKey: ["group", id, "members", "top", limit, role ?? ""],
    queryFn: () =>
      body(
        client.GET("/api/v1/buying_groups/{id}/members", {
          params: { path: { id }, query: { limit, role, sort: "engagement", descending: true } },
        }),
      ),
  });

/** Those of the account who have a role in a group, the most engaged first; only whoever did something within so many days. */
export const roleMembersQuery = (id: string, role: string, days?: number) =>
  queryOptions({
    queryKey: ["group", id, "members", "role", role, days ?? 0],
    queryFn: () =>
      body(
        client.GET("/api/v1/buying_groups/{id}/members", {
          params: {
            path: { id },
            query: {
              limit: MOST_OF_ROLE,
              role,
              left_account: false,
              active_days: days,
              sort: "engagement",
              descending: true,
            },
          },
        }),
      ),
  });

export const groupMembersQuery = (id: string, removed: boolean, order?: Order) =>
  pages(["group", id, "members", removed, order], (cursor) =>
    body(
      client.GET("/api/v1/buying_groups/{id}/members", {
        params: {
          path: { id },
          query: {
            limit: PAGE,
            cursor,
            removed,
            ...ordered<"/api/v1/buying_groups/{id}/members">(order),
          },
        },
      }),
    ),
  );

export const assignMembers = (id: string, role: string, people: string[]) =>
  body(
    client.POST("/api/v1/buying_groups/{id}/members", {
      params: { path: { id } },
      body: { assign: people.map((person) => ({ person, role })) },
    }),
  );

export const removeMembers = (id: string, people: string[]) =>
  body(
    client.POST("/api/v1/buying_groups/{id}/members", {
      params: { path: { id } },
      body: { remove: people },
    }),
  );

export const moveStage = (account: string, interest: string, stage: string) =>
  body(
    client.PUT("/api/v1/accounts/{key}/buying_groups/{interest}/stage", {
      params: { path: { key: account, interest } },
      body: { stage },
    }),
  );

export const writeStatus = (account: string, interest: string, status: string) =>
  body(
    client.PUT("/api/v1/accounts/{key}/buying_groups/{interest}/status", {
      params: { path: { key: account, interest } },
      body: { status },
    }),
  );

export const putAway = (id: string) =>
  body(client.DELETE("/api/v1/buying_groups/{id}", { params: { path: { id } } }));

/** Every term of both scores. */
export const explainedScoresQuery = (id: string) =>
  queryOptions({
    queryKey: ["group", id, "explain"],
    queryFn: () =>
      body(client.GET("/api/v1/buying_groups/{id}/explain", { params: { path: { id } } })),
  });

/** Both scores day by day, oldest first. */
export const pastScoresQuery = (id: string) =>
  queryOptions({
    queryKey: ["group", id, "scores"],
    queryFn: () =>
      body(client.GET("/api/v1/buying_groups/{id}/scores", { params: { path: { id } } })),
  });

/** The weights in force, and the latest run over everybody. */
export const engagementQuery = queryOptions({
  queryKey: ["engagement"],
  queryFn: () => body(client.GET("/api/v1/engagement")),
});

/** Asks for a run over everybody now; the runtime does it next. */
export const scoreNow = () => body(client.POST("/api/v1/engagement/score"));
