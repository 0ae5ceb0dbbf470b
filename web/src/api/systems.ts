// Connections, services and webhooks as people look after them. A secret goes in and never comes out.
import { queryOptions } from "@tanstack/react-query";
import type { Returned } from "../systems/asked";
import { body, client } from "./client";
import { ApiError } from "./problem";

/** The kinds that reach other systems, as they stand in addresses; they have the same operations. */
export type Systems = "connections" | "external_actions" | "webhooks";

/** One of them stands for the types of all. */
const under = <P extends string>(systems: Systems, rest: P) =>
  `/api/v1/${systems}/{key}/${rest}` as `/api/v1/connections/{key}/${P}`;
const at = (key: string) => ({ params: { path: { key } } });

/** Types of connections with the schema of their settings and the secrets that they take; part of the program. */
export const connectionTypesQuery = queryOptions({
  queryKey: ["connection-types"],
  queryFn: () => body(client.GET("/api/v1/connection_types")),
  staleTime: Number.POSITIVE_INFINITY,
});

export const systemQuery = (systems: Systems, key: string) =>
  queryOptions({
    queryKey: ["system", systems, key],
    queryFn: () => body(client.GET(under(systems, "state"), at(key))),
    refetchInterval: 10_000,
  });

const STATES = {
  connections: "connection",
  external_actions: "external_action",
  webhooks: "webhook",
} as const satisfies Record<Systems, string>;

/** How all of a kind are, by key. */
export const systemStatesQuery = (systems: Systems) =>
  queryOptions({
    queryKey: ["system", systems],
    queryFn: () => body(client.GET(`/api/v1/${STATES[systems]}_states`)),
    refetchInterval: 10_000,
  });

export const setPaused = (systems: Systems, key: string, paused: boolean) =>
  paused
    ? body(client.POST(under(systems, "pause"), at(key)))
    : body(client.POST(under(systems, "resume"), at(key)));

export const trySystem = (systems: Systems, key: string) =>
  body(client.POST(under(systems, "test"), at(key)));

/** The other side's page on which somebody consents to a connection. */
export const askForConsent = (key: string) =>
  body(client.POST("/api/v1/connections/{key}/consent", at(key)));

/** What came back from it; tokens are kept and the connection is tried. */
export const handOverConsent = (returned: Returned) =>
  body(client.POST("/api/v1/consents", { body: returned }));

export const keepSecret = (systems: Systems, key: string, name: string, value: string) =>
  body(
    client.PUT(under(systems, "secrets/{name}"), {
      params: { path: { key, name } },
      body: { value },
    }),
  );

export const forgetSecret = (systems: Systems, key: string, name: string) =>
  body(client.DELETE(under(systems, "secrets/{name}"), { params: { path: { key, name } } }));

/** What a service takes from a node, and what it answers; none: it is not registered yet. */
export const registrationQuery = (key: string) =>
  queryOptions({
    queryKey: ["service", key],
    queryFn: async () => {
      try {
        return await body(client.GET("/api/v1/external_actions/{key}/registration", at(key)));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    enabled: key !== "",
    retry: false,
    staleTime: 30_000,
  });

export const register = (key: string) =>
  body(client.POST("/api/v1/external_actions/{key}/registration", at(key)));

export type Asked = { connection: string; what: string; within: string };

/** What the other side has to choose from, a quarter of an hour old at most; `refresh` asks it now. */
export const readChoices = ({ connection, what, within }: Asked, refresh: boolean) =>
  body(
    client.GET("/api/v1/connections/{key}/choices/{what}", {
      params: {
        path: { key: connection, what },
        query: { ...(within ? { within } : {}), ...(refresh ? { refresh } : {}) },
      },
    }),
  );

export const choicesQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ["choices", asked],
    queryFn: () => readChoices(asked, false),
    staleTime: 60_000,
    retry: false,
  });
