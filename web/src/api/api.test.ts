// The client against a real HTTP server on this machine: bodies, refusals, the token on writes.
// @vitest-environment node
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import createClient from "openapi-fetch";
import { body, guard, setCsrf, whenSignedOut } from "./client";
import { ApiError, toApiError } from "./problem";
import type { paths } from "./schema";

let server: Server;
let seen: IncomingMessage[] = [];
let answer: { status: number; type: string; text: string };
let client: ReturnType<typeof createClient<paths>>;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    response.writeHead(answer.status, { "content-type": answer.type });
    response.end(answer.text);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  client = createClient<paths>({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  client.use(guard);
});
afterAll(() => server.close());
beforeEach(() => {
  seen = [];
});

const problem = {
  title: "Refused",
  status: 422,
  code: "not_publishable",
  detail: "It has errors.",
  errors: [{ code: "end_missing", message: "Give it an end date.", pointer: "/end" }],
};

it("gives the body of an answer", async () => {
  answer = { status: 200, type: "application/json", text: '{"name":"Acme"}' };
  expect(await body(client.GET("/api/v1/organisation"))).toEqual({ name: "Acme" });
});

it("carries the CSRF token on writes and only there", async () => {
  setCsrf("t0ken");
  answer = { status: 200, type: "application/json", text: "{}" };
  await body(client.GET("/api/v1/organisation"));
  await body(client.POST("/api/v1/journeys/{key}/pause", { params: { path: { key: "k" } } }));
  expect(seen.map((request) => request.headers["x-csrf-token"])).toEqual([undefined, "t0ken"]);
});

it("turns a problem document into an error with its findings", async () => {
  answer = { status: 422, type: "application/problem+json", text: JSON.stringify(problem) };
  const refused = body(
    client.POST("/api/v1/journeys/{key}/publish", { params: { path: { key: "k" } } }),
  );
  await expect(refused).rejects.toMatchObject({
    status: 422,
    code: "not_publishable",
    message: "It has errors.",
  });
  await expect(refused).rejects.toMatchObject({ findings: [{ code: "end_missing" }] });
});

it("tells when the session has ended, but not when signing in is refused", async () => {
  const ended = vi.fn();
  whenSignedOut(ended);
  answer = {
    status: 401,
    type: "application/problem+json",
    text: '{"code":"unauthenticated","title":"Sign in"}',
  };
  await expect(body(client.GET("/api/v1/session"))).rejects.toBeInstanceOf(ApiError);
  expect(ended).not.toHaveBeenCalled();
  await expect(body(client.GET("/api/v1/organisation"))).rejects.toBeInstanceOf(ApiError);
  expect(ended).toHaveBeenCalledOnce();
});

it("says so when nothing answers", async () => {
  const nowhere = createClient<paths>({ baseUrl: "http://127.0.0.1:1" });
  nowhere.use(guard);
  await expect(body(nowhere.GET("/api/v1/organisation"))).rejects.toMatchObject({
    status: 0,
    code: "unreachable",
  });
});

it("makes a sentence of a foreign body", () => {
  const error = toApiError(502, "<html>Bad gateway</html>");
  expect(error.code).toBe("http_502");
  expect(error.message).toContain("502");
});
