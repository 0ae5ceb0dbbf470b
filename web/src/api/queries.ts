// What the screens may ask, each with its cache key. Lists are pages that grow by cursor.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { body, client, setCsrf } from "./client";
import { ApiError } from "./problem";
import type { Page, Session } from "./types";

const PAGE = 50;

function pages<T>(key: readonly unknown[], load: (cursor: string | undefined) => Promise<Page<T>>) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
}

async function loadSession(): Promise<Session | null> {
  try {
    const session = await body(client.GET("/api/v1/session"));
    setCsrf(session.csrf);
    return session;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: loadSession,
  staleTime: Number.POSITIVE_INFINITY,
});

export const organisationQuery = queryOptions({
  queryKey: ["organisation"],
  queryFn: () => body(client.GET("/api/v1/organisation")),
  staleTime: 60_000,
});

export const journeysQuery = (q: string) =>
  pages(["journeys", q], (cursor) =>
    body(
      client.GET("/api/v1/journeys", {
        params: { query: { limit: PAGE, cursor, q: q || undefined } },
      }),
    ),
  );

export const mapQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "map"],
    queryFn: () => body(client.GET("/api/v1/journeys/{key}/map", { params: { path: { key } } })),
    staleTime: 30_000,
  });

export const statusQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "status"],
    queryFn: () => body(client.GET("/api/v1/journeys/{key}/status", { params: { path: { key } } })),
  });

export type PlaceOfTraveller = "current" | "reached" | "ended";

export const nodeTravellersQuery = (key: string, node: string, state: PlaceOfTraveller) =>
  pages(["journey", key, "node", node, state], (cursor) =>
    body(
      client.GET("/api/v1/journeys/{key}/nodes/{node}/travellers", {
        params: { path: { key, node }, query: { state, limit: PAGE, cursor } },
      }),
    ),
  );

export const travellersQuery = (key: string, state: "active" | "ended") =>
  pages(["journey", key, "travellers", state], (cursor) =>
    body(
      client.GET("/api/v1/journeys/{key}/travellers", {
        params: { path: { key }, query: { state, limit: PAGE, cursor } },
      }),
    ),
  );

export const tripQuery = (key: string, id: string) =>
  queryOptions({
    queryKey: ["journey", key, "trip", id],
    queryFn: () =>
      body(
        client.GET("/api/v1/journeys/{key}/travellers/{id}/timeline", {
          params: { path: { key, id } },
        }),
      ),
    refetchInterval: 10_000,
  });

export const accountsQuery = (q: string) =>
  pages(["accounts", q], (cursor) =>
    body(
      client.GET("/api/v1/accounts", {
        params: { query: { limit: PAGE, cursor, q: q || undefined } },
      }),
    ),
  );

export const accountQuery = (key: string) =>
  queryOptions({
    queryKey: ["account", key],
    queryFn: () => body(client.GET("/api/v1/accounts/{key}", { params: { path: { key } } })),
  });

export const accountPeopleQuery = (key: string) =>
  pages(["account", key, "people"], (cursor) =>
    body(
      client.GET("/api/v1/accounts/{key}/people", {
        params: { path: { key }, query: { limit: PAGE, cursor } },
      }),
    ),
  );

export const accountTimelineQuery = (key: string) =>
  pages(["account", key, "timeline"], (cursor) =>
    body(
      client.GET("/api/v1/accounts/{key}/timeline", {
        params: { path: { key }, query: { limit: PAGE, cursor } },
      }),
    ),
  );

export const buyingGroupsQuery = (key: string) =>
  queryOptions({
    queryKey: ["account", key, "buying_groups"],
    queryFn: () =>
      body(client.GET("/api/v1/accounts/{key}/buying_groups", { params: { path: { key } } })),
  });

export const peopleQuery = (q: string) =>
  pages(["people", q], (cursor) =>
    body(
      client.GET("/api/v1/people", {
        params: { query: { limit: PAGE, cursor, q: q || undefined } },
      }),
    ),
  );

export const personQuery = (key: string) =>
  queryOptions({
    queryKey: ["person", key],
    queryFn: () => body(client.GET("/api/v1/people/{key}", { params: { path: { key } } })),
  });

export const personTimelineQuery = (key: string) =>
  pages(["person", key, "timeline"], (cursor) =>
    body(
      client.GET("/api/v1/people/{key}/timeline", {
        params: { path: { key }, query: { limit: PAGE, cursor } },
      }),
    ),
  );

export const mailListQuery = () => ({
  ...pages(["mail"], (cursor) =>
    body(client.GET("/api/v1/mail", { params: { query: { limit: PAGE, cursor } } })),
  ),
  refetchInterval: 10_000,
});

export const mailQuery = (id: string) =>
  queryOptions({
    queryKey: ["mail", id],
    queryFn: () => body(client.GET("/api/v1/mail/{id}", { params: { path: { id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const problemsQuery = (journey?: string) => ({
  ...pages(["problems", journey ?? ""], (cursor) =>
    body(client.GET("/api/v1/problems", { params: { query: { limit: PAGE, cursor, journey } } })),
  ),
  refetchInterval: 10_000,
});
