// RFC 9457 problems as an Error that screens can show.
import { strings } from "../strings";

export type Finding = {
  code: string;
  message: string;
  pointer?: string | null;
  node?: string | null;
};

/** A refusal by the server, or `status` 0 when it could not be reached at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly findings: Finding[] = [],
  ) {
    super(message);
  }
}

/** Reads whatever came back; foreign bodies (a proxy's HTML page) become a plain sentence. */
export function toApiError(status: number, body: unknown): ApiError {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const text = problem.detail ?? problem.title;
  return new ApiError(
    status,
    typeof problem.code === "string" ? problem.code : `http_${status}`,
    typeof text === "string" && text !== "" ? text : strings.errors.status(status),
    Array.isArray(problem.errors) ? (problem.errors as Finding[]) : [],
  );
}
