// A double of LinkedIn's matched audiences: segments of companies, too small for campaigns; and the page on which a member
// consents, for the application `caravan` with the secret `hush`.
import { createServer } from "node:http";

export const ACCESS_TOKEN = "walk-token";
const SECRET = "hush";
const LIFE_SECONDS = 365 * 24 * 3600;
export const MEMBERS = 120;

const PAGE = `<!doctype html><html lang="en"><title>LinkedIn</title>
<main><h1>Caravan would like to manage your audiences</h1><form method="post">
<button name="answer" value="allow">Allow</button><button name="answer" value="cancel">Cancel</button>
</form></main></html>`;

export async function startLinkedIn() {
  /** Redirect addresses that the application registered. */
  const redirects = [];
  const codes = new Map();
  const segments = [];
  const companies = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      if (request.url.startsWith("/oauth/v2/authorization")) return asked(request, response, text);
      const { status, headers, body } = answered(request, text);
      response.writeHead(status, { "Content-Type": "application/json", ...headers });
      response.end(body === undefined ? "" : JSON.stringify(body));
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

  /** The page, and where it sends a member back to. */
  function asked({ method, url }, response, text) {
    const wanted = new URL(url, "http://linkedin").searchParams;
    const back = wanted.get("redirect_uri");
    const fits = wanted.get("client_id") === "caravan" && wanted.get("response_type") === "code";
    if (!fits || !redirects.includes(back) || wanted.get("scope") !== "rw_dmp_segments") {
      response.writeHead(400, { "Content-Type": "text/html" });
      return response.end("<h1>Bummer, something went wrong.</h1>");
    }
    if (method === "GET") {
      response.writeHead(200, { "Content-Type": "text/html" });
      return response.end(PAGE);
    }
    const told = new URLSearchParams({ state: wanted.get("state") });
    if (new URLSearchParams(text).get("answer") === "allow") {
      const code = `AQT-${codes.size + 1}`;
      codes.set(code, back);
      told.set("code", code);
    } else {
      told.set("error", "user_cancelled_authorize");
      told.set("error_description", "The user cancelled the authorization");
    }
    response.writeHead(303, { Location: `${back}?${told}` });
    return response.end();
  }

  /** A code for tokens, once, for whom it was given; or a new access token. */
  function exchanged(form) {
    const refused = (error) => ({ status: 400, body: { error } });
    if (form.get("client_secret") !== SECRET) return refused("invalid_client");
    if (form.get("grant_type") === "authorization_code") {
      const back = codes.get(form.get("code"));
      codes.set(form.get("code"), undefined);
      if (!back || back !== form.get("redirect_uri")) return refused("invalid_grant");
    } else if (form.get("refresh_token") !== "walk-refresh") return refused("invalid_grant");
    const tokens = { access_token: ACCESS_TOKEN, expires_in: 5_184_000, scope: "rw_dmp_segments" };
    const lasting = { refresh_token: "walk-refresh", refresh_token_expires_in: LIFE_SECONDS };
    return { status: 200, body: { ...tokens, ...lasting } };
  }

  function answered({ method, url, headers }, text) {
    if (url === "/oauth/v2/accessToken") return exchanged(new URLSearchParams(text));
    if (headers.authorization !== `Bearer ${ACCESS_TOKEN}`)
      return { status: 401, body: { message: "who is it?", status: 401 } };
    const { pathname } = new URL(url, "http://linkedin");
    const [, , , id, part] = pathname.split("/");
    if (!pathname.startsWith("/rest/dmpSegments"))
      return { status: 404, body: { message: "no such resource", status: 404 } };
    if (method === "POST" && part === "companies") return filled(JSON.parse(text).elements);
    if (method === "POST") return made(JSON.parse(text));
    const found = segments.find((segment) => segment.id === Number(id));
    if (id) return found ? { status: 200, body: found } : { status: 404, body: { status: 404 } };
    const paging = { start: 0, count: 100, links: [], total: segments.length };
    return { status: 200, body: { paging, elements: segments } };
  }

  function made({ name, account, type, sourcePlatform, sourceSegmentId }) {
    const id = 10_800 + segments.length;
    const there = { destination: "LINKEDIN", status: "READY", audienceSize: MEMBERS };
    const own = { id, name, account, type, sourcePlatform, sourceSegmentId, created: Date.now() };
    segments.push({ ...own, destinations: [there] });
    return { status: 201, headers: { "x-restli-id": String(id) } };
  }

  function filled(elements) {
    companies.push(...elements);
    return { status: 200, body: { elements: elements.map(() => ({ status: 201 })) } };
  }

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    redirects,
    segments,
    companies,
    stop: () => new Promise((stopped) => server.close(stopped)),
  };
}
