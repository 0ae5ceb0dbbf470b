// Buying groups: what may be asked and done.
import { queryOptions } from "@tanstack/react-query";
import type { GroupSearch } from "../groups/search";
import { body, client } from "./client";
import { pages } from "./queries";

const PAGE = 50;

export const groupsQuery = ({ q, interest, stage, missing, below }: GroupSearch) =>
  pages(["groups", { q, interest, stage, missing, below }], (cursor) =>
    body(
      client.GET("/api/v1/buying_groups", {
        params: {
          query: {
            limit: PAGE,
            cursor,
            q,
            solution_interest: interest,
            stage,
            missing_role: missing,
            completeness_to: below,
          },
        },
      }),
    ),
  );

export const groupQuery = (id: string) =>
  queryOptions({
    queryKey: ["group", id],
    queryFn: () => body(client.GET("/api/v1/buying_groups/{id}", { params: { path: { id } } })),
  });

export const groupMembersQuery = (id: string, removed: boolean) =>
  pages(["group", id, "members", removed], (cursor) =>
    body(
      client.GET("/api/v1/buying_groups/{id}/members", {
        params: { path: { id }, query: { limit: PAGE, cursor, removed } },
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
