// What is asked while a journey is drawn: when a wait would end, and what its versions said.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";
import { readMap } from "./maps";

/** When somebody who arrives now would leave; asked again as time goes on. */
export const waitPreviewQuery = (wait: Record<string, unknown>) =>
  queryOptions({
    queryKey: ["wait", wait],
    queryFn: () => body(client.POST("/api/v1/waits/preview", { body: wait })),
    staleTime: 20_000,
    refetchInterval: 60_000,
    gcTime: 60_000,
    retry: false,
  });

export const versionsQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "versions"],
    queryFn: () =>
      body(client.GET("/api/v1/journeys/{key}/versions", { params: { path: { key } } })),
  });

/** The manifest of one version, `draft` or a number; a published one never changes. */
export const versionManifestQuery = (key: string, version: string) =>
  queryOptions({
    queryKey: ["journey", key, "version", version, "manifest"],
    queryFn: async () => {
      const params = { params: { path: { key, version } } };
      const manifest = await body(client.GET("/api/v1/journeys/{key}/versions/{version}", params));
      return manifest as Record<string, unknown>;
    },
    staleTime: version === "draft" ? 0 : Number.POSITIVE_INFINITY,
  });

/** The map of one version, as it is drawn. */
export const versionMapQuery = (key: string, version: string) =>
  queryOptions({
    queryKey: ["journey", key, "version", version, "map"],
    queryFn: () => readMap(key, version),
    staleTime: version === "draft" ? 0 : 60_000,
  });
