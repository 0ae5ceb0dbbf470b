// A double of a system that is told by a webhook: it keeps what it gets, and answers what a walk says.
import { createHmac } from "node:crypto";
import { createServer } from "node:http";

export async function startReceiver() {
  const messages = [];
  let status = 204;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      messages.push({ id: request.headers["webhook-id"], headers: request.headers, text });
      response.writeHead(status).end();
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${server.address().port}/caravan`,
    messages,
    answer: (next) => {
      status = next;
    },
    of: (type) => messages.filter(({ text }) => JSON.parse(text).type === type),
    stop: () => new Promise((stopped) => server.close(stopped)),
  };
}

/** Whether a message carries the signature that this secret makes, as Standard Webhooks computes it. */
export function isSigned({ id, headers, text }, secret) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const signed = `${id}.${headers["webhook-timestamp"]}.${text}`;
  const signature = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  return headers["webhook-signature"].split(" ").includes(signature);
}
