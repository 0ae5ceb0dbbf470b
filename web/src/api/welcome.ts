// What the first steps ask of the server.
import { body, client } from "./client";
import { toApiError } from "./problem";

/** Applies manifests that belong together, all or none. */
export const applyAll = (manifests: Record<string, unknown>[], { dryRun = false } = {}) =>
  body(
    client.POST("/api/v1/manifests", { body: { manifests, dry_run: dryRun, incomplete: false } }),
  );

/** Invented accounts or people as a CSV file. */
export async function sampleFile(kind: "accounts" | "people"): Promise<Blob> {
  const response = await fetch(`/api/v1/samples/${kind}`, { credentials: "same-origin" });
  if (!response.ok) throw toApiError(response.status, await response.json().catch(() => undefined));
  return response.blob();
}

export const tryConnection = (key: string) =>
  body(client.POST("/api/v1/connections/{key}/test", { params: { path: { key } } }));
