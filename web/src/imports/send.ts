// Sends a file to the import as it is read from the disk, and tells how far it is.
import { csrfToken } from "../api/client";
import { ApiError, toApiError } from "../api/problem";
import type { ImportReport } from "../api/types";
import { strings } from "../strings";
import type { Mapping } from "./columns";

/** As many as the API tells: whoever mends a file wants all of them. */
const MOST_REJECTS = "10000";

export type Sending = {
  kind: string;
  file: Blob;
  mapping: Mapping;
  dryRun: boolean;
  /** 0 to 1, by what has been sent; the last rows are still written at 1. */
  onProgress: (part: number) => void;
  signal: AbortSignal;
};

/** `fetch` tells nothing about how much of a body has left, so this is the older way of asking. */
export function sendFile(sending: Sending): Promise<ImportReport> {
  const { kind, file, mapping, dryRun, onProgress, signal } = sending;
  const query = new URLSearchParams({
    format: "csv",
    map: JSON.stringify(mapping),
    rejects: MOST_REJECTS,
  });
  if (dryRun) query.set("dry_run", "true");
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/import/${encodeURIComponent(kind)}?${query}`);
    request.setRequestHeader("X-CSRF-Token", csrfToken());
    request.setRequestHeader("Content-Type", "text/csv");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () =>
      request.status < 300
        ? resolve(request.response as ImportReport)
        : reject(toApiError(request.status, request.response));
    request.onerror = () => reject(new ApiError(0, "unreachable", strings.imports.lost));
    request.onabort = () => reject(new ApiError(0, "stopped", strings.imports.stopped));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

export type Sample = { columns: string[]; rows: string[][] };

const HEAD_BYTES = 256 * 1024;
const SAMPLE_ROWS = 5;

/** The header and the first rows, from the beginning of the file alone. */
export async function readSample(file: Blob): Promise<Sample> {
  const { default: papa } = await import("papaparse");
  const head = await file.slice(0, HEAD_BYTES).text();
  const { data } = papa.parse<string[]>(head.replace(/^\uFEFF/, ""), {
    preview: SAMPLE_ROWS + 1,
    delimiter: ",",
    skipEmptyLines: true,
  });
  const [columns = [], ...rows] = data;
  return { columns: columns.map((column) => column.trim()).filter((it) => it !== ""), rows };
}
