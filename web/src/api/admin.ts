// What administration asks of the server.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";
import { pages } from "./queries";

const PAGE = 50;

/** Attributes of accounts and people, managed or not, with what uses them. */
export const fieldsQuery = queryOptions({
  queryKey: ["fields"],
  queryFn: () => body(client.GET("/api/v1/fields")),
  staleTime: 15_000,
});

export const suppressionsQuery = (q: string) =>
  pages(["suppressions", q], (cursor) =>
    body(
      client.GET("/api/v1/suppressions", {
        params: { query: { limit: PAGE, cursor, q: q || undefined } },
      }),
    ),
  );

export const suppress = (address: string, reason: string) =>
  body(
    client.PUT("/api/v1/suppressions/{address}", {
      params: { path: { address } },
      body: { reason },
    }),
  );

export const letWrite = (address: string) =>
  body(client.DELETE("/api/v1/suppressions/{address}", { params: { path: { address } } }));

export const domainQuery = (key: string) =>
  queryOptions({
    queryKey: ["domain", key],
    queryFn: () =>
      body(client.GET("/api/v1/delivery/domains/{key}", { params: { path: { key } } })),
  });

export const holdQuery = queryOptions({
  queryKey: ["hold"],
  queryFn: () => body(client.GET("/api/v1/delivery/hold")),
});

export const setHold = (held: boolean) =>
  body(client.PUT("/api/v1/delivery/hold", { body: { held } }));

export const importRunsQuery = (key: string) =>
  pages(["connection", key, "imports"], (cursor) =>
    body(
      client.GET("/api/v1/connections/{key}/imports", {
        params: { path: { key }, query: { limit: PAGE, cursor } },
      }),
    ),
  );
