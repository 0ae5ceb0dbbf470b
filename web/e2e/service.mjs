// A double of an external service as journeys call it: an OpenAPI document, a definition, calls that are accepted at
// once and answered when a walk says so.
import { createServer } from "node:http";

export const API_KEY = "walk-key";

/** `split`: its answers choose the path by `tier`. */
export async function startService({ title, split }) {
  const calls = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { status, body } = answered(request, Buffer.concat(chunks).toString());
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}`;

  function answered(request, text) {
    const path = request.url.split("?")[0];
    if (path === "/openapi.json") return { status: 200, body: document() };
    if (request.headers["x-key"] !== API_KEY)
      return {
        status: 401,
        body: { status: "error", code: "UNAUTHORIZED", message: "who is it?" },
      };
    if (path === "/getServiceDefinition") return { status: 200, body: definition() };
    if (path === "/status") return { status: 200, body: { status: "healthy" } };
    if (path !== "/submitAsyncAction") return { status: 404, body: { status: "error" } };
    calls.push(JSON.parse(text));
    return { status: 201, body: { status: "accepted", requestId: `req-${calls.length}` } };
  }

  const document = () => ({
    openapi: "3.0.3",
    info: { title, description: "A service for the browser walks.", version: "1" },
    servers: [{ url }],
    components: { securitySchemes: { login: { type: "apiKey", in: "header", name: "X-Key" } } },
    security: [{ login: [] }],
    paths: {
      "/getServiceDefinition": { get: { operationId: "definition" } },
      "/submitAsyncAction": { post: { operationId: "submit" } },
      "/status": { get: { operationId: "status" } },
    },
  });

  const definition = () => ({
    apiName: title.toLowerCase(),
    i18n: { en_US: { name: title, description: "A service for the browser walks." } },
    description: "description",
    primaryAttribute: "model",
    supportedEntityType: "account",
    enableSplitPaths: split,
    timeout: 60,
    invocationPayloadDef: {
      globalAttributes: [],
      flowAttributes: [{ apiName: "model", dataType: "string" }],
      fields: [],
      accountFields: [{ serviceAttribute: "company", dataType: "string", required: true }],
      headers: [],
      accessorsMetadata: [{ accessorName: "tier", dataType: "string" }],
    },
    callbackPayloadDef: { fields: [], accountFields: [] },
  });

  /** Posts the answer to a call that was accepted. */
  async function answer(call, variables) {
    const { accountId } = call.objectData.objectContext;
    const entry = {
      activityData: { success: true, errorCode: null, reason: null },
      accountData: { id: Number(accountId), accessorValues: variables },
    };
    const posted = await fetch(call.callbackUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Callback-Token": call.token },
      body: JSON.stringify({ objectData: [entry] }),
    });
    if (!posted.ok)
      throw new Error(`the callback was refused: ${posted.status} ${await posted.text()}`);
  }

  return {
    title,
    document: `${url}/openapi.json`,
    calls,
    answer,
    stop: () => new Promise((stopped) => server.close(stopped)),
  };
}
