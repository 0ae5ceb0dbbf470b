// Twilio, as far as it tells that somebody wrote: calls to the hook, signed as it signs them.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

export const TOKEN = "a token that both sides know";

/** Tells a connection that a number wrote to us. */
export async function writesBack(server, connection, { from, to, text, id }) {
  const url = `${server.url}/hooks/texts/${connection}`;
  const fields = { Body: text, From: from, MessageSid: id, To: to };
  const signed = Object.keys(fields)
    .sort()
    .map((name) => name + fields[name])
    .join("");
  const signature = createHmac("sha1", TOKEN).update(`${url}${signed}`).digest("base64");
  const answer = await fetch(url, {
    method: "POST",
    headers: { "X-Twilio-Signature": signature },
    body: new URLSearchParams(fields),
  });
  assert.equal(answer.status, 200, await answer.text());
}
