// What is asked while a journey is drawn: when a wait would end, and what its versions said.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";

export type WaitPreview = { now: string; ends_at: string; own_zone: boolean };
export type JourneyVersion = {
  number: number;
  published_at: string;
  published_by: string;
  live: boolean;
};

type Call<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** When somebody who arrives now would leave; asked again as time goes on. */
export const waitPreviewQuery = (wait: Record<string, unknown>) =>
  queryOptions({
    queryKey: ["wait", wait],
    queryFn: () =>
      body(
        client.POST(
          "/api/v1/waits/preview" as never,
          { body: wait } as never,
        ) as unknown as Call<WaitPreview>,
      ),
    staleTime: 20_000,
    refetchInterval: 60_000,
    gcTime: 60_000,
    retry: false,
  });

export const versionsQuery = (key: string) =>
  queryOptions({
    queryKey: ["journey", key, "versions"],
    queryFn: () =>
      body(
        client.GET(
          "/api/v1/journeys/{key}/versions" as never,
          { params: { path: { key } } } as never,
        ) as unknown as Call<{ items: JourneyVersion[] }>,
      ),
  });

/** The manifest of one version, `draft` or a number; a published one never changes. */
export const versionManifestQuery = (key: string, version: string) =>
  queryOptions({
    queryKey: ["journey", key, "version", version, "manifest"],
    queryFn: () =>
      body(
        client.GET(
          "/api/v1/journeys/{key}/versions/{version}" as never,
          { params: { path: { key, version } } } as never,
        ) as unknown as Call<Record<string, unknown>>,
      ),
    staleTime: version === "draft" ? 0 : Number.POSITIVE_INFINITY,
  });

/** The map of one version, as it is drawn. */
export const versionMapQuery = (key: string, version: string) =>
  queryOptions({
    queryKey: ["journey", key, "version", version, "map"],
    queryFn: () =>
      body(
        client.GET("/api/v1/journeys/{key}/map", {
          params: { path: { key }, query: { version } },
        }),
      ),
    staleTime: version === "draft" ? 0 : 60_000,
  });

export type ServiceField = { key: string; type: string; required: boolean; values: unknown[] };
export type ServiceFields = {
  title: string;
  parameters: ServiceField[];
  variables: ServiceField[];
};

/** What a registered external service takes from a node, and what it answers. */
export const serviceFieldsQuery = (key: string) =>
  queryOptions({
    queryKey: ["service", key],
    queryFn: () =>
      body(
        client.GET(
          "/api/v1/external_actions/{key}/registration" as never,
          { params: { path: { key } } } as never,
        ) as unknown as Call<ServiceFields>,
      ),
    enabled: key !== "",
    retry: false,
    staleTime: 30_000,
  });
