// The one door to the server: typed by the OpenAPI document, with the CSRF token and errors handled here.
import createClient, { type Middleware } from "openapi-fetch";
import { strings } from "../strings";
import { ApiError, toApiError } from "./problem";
import type { paths } from "./schema";

let csrf = "";
let onSignedOut = () => {};

/** Remembered from the session's answer; every write carries it. */
export function setCsrf(token: string) {
  csrf = token;
}

/** For the calls that do not go through `client`. */
export const csrfToken = () => csrf;

/** Called when any request but the session's own answers 401. */
export function whenSignedOut(callback: () => void) {
  onSignedOut = callback;
}

/** Adds the token, notices a lost session, and gives a lost connection its sentence. */
export const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && csrf !== "") request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && schemaPath !== "/api/v1/session") onSignedOut();
    return undefined;
  },
  onError() {
    return new ApiError(0, "unreachable", strings.errors.unreachable);
  },
};

export const client = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
client.use(guard);

/** The body of a call, or an `ApiError`. */
export async function body<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw toApiError(response.status, error);
  return data as T;
}
