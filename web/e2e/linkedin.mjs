// A double of LinkedIn's matched audiences: segments of companies, too small for campaigns.
import { createServer } from "node:http";

export const ACCESS_TOKEN = "walk-token";
export const MEMBERS = 120;

export async function startLinkedIn() {
  const segments = [];
  const companies = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const { status, headers, body } = answered(request, Buffer.concat(chunks).toString());
      response.writeHead(status, { "Content-Type": "application/json", ...headers });
      response.end(body === undefined ? "" : JSON.stringify(body));
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

  function answered({ method, url, headers }, text) {
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
    segments,
    companies,
    stop: () => new Promise((stopped) => server.close(stopped)),
  };
}
