// Files of long lists, and what people are told when one is over: what may be asked and done.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";
import { pages } from "./queries";
import type { paths } from "./schema";
import type { ExportRow } from "./types";

const OFTEN_MS = 2_000;
const SELDOM_MS = 20_000;

const isOpen = ({ state }: ExportRow) => state === "queued" || state === "running";

export const exportsQuery = {
  ...pages(["exports"], (cursor) =>
    body(client.GET("/api/v1/exports", { params: { query: { limit: 50, cursor } } })),
  ),
  refetchInterval: (query: {
    state: { data?: { pages: { items: ExportRow[] }[] } | undefined };
  }) => (query.state.data?.pages.some(({ items }) => items.some(isOpen)) ? OFTEN_MS : SELDOM_MS),
};

type Written = paths["/api/v1/exports"]["post"]["requestBody"]["content"]["application/json"];

/** What is asked for: of what, narrowed and ordered how, with which columns. */
export type AskedExport = Pick<Written, "of" | "columns">;
export type ExportOf = Written["of"];

/** Files of the app are opened in spreadsheets: what these would take for a formula is escaped. */
export const askExport = (request: AskedExport) =>
  body(client.POST("/api/v1/exports", { body: { exact: false, ...request } }));

export const cancelExport = (id: string) =>
  body(client.POST("/api/v1/exports/{id}/cancel", { params: { path: { id } } }));

export const deleteExport = (id: string) =>
  body(client.DELETE("/api/v1/exports/{id}", { params: { path: { id } } }));

export const exportFile = (id: string) => `/api/v1/exports/${encodeURIComponent(id)}/file`;

export const notificationsQuery = queryOptions({
  queryKey: ["notifications"],
  queryFn: () => body(client.GET("/api/v1/notifications")),
  refetchInterval: (query) => (query.state.data?.open_exports ? OFTEN_MS : SELDOM_MS),
});

export const seeNotifications = (ids: number[]) =>
  body(client.POST("/api/v1/notifications/seen", { body: { ids } }));

export const ownNoticesQuery = queryOptions({
  queryKey: ["own_notices"],
  queryFn: () => body(client.GET("/api/v1/session/notices")),
});

export const setOwnNotices = (mentions: boolean) =>
  body(client.PUT("/api/v1/session/notices", { body: { mentions } }));
