// Draws /api/v1/openapi.json: operations by group, their parameters and schemas, and a form to try each.
"use strict";

const METHODS = ["get", "put", "post", "delete"];

/** An element with attributes and children; text stays text. */
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Words of the document: what stands between backticks is code. */
function words(text = "") {
  return text.split(/`([^`]+)`/).map((part, n) => (n % 2 ? el("code", {}, part) : part));
}

function resolve(spec, schema) {
  const name = schema?.$ref?.replace("#/components/schemas/", "");
  return name ? spec.components.schemas[name] : schema;
}

function typeName(schema) {
  if (schema === true || !schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const choice = schema.anyOf ?? schema.oneOf;
  if (choice) return choice.map(typeName).join(" | ");
  if (schema.type === "array") return `${typeName(schema.items)}[]`;
  if (schema.type === "object" && schema.additionalProperties) return `{key: ${typeName(schema.additionalProperties)}}`;
  const type = [schema.type ?? "anything"].flat().join(" | ");
  return schema.format ? `${type} (${schema.format})` : type;
}

/** Fields of a schema as a table; schemas it names open on demand, so that recursion ends. */
function schemaTable(spec, schema, depth = 0) {
  const found = resolve(spec, schema) ?? {};
  const inner = found.type === "array" ? resolve(spec, found.items) ?? {} : found;
  if (!inner.properties) return el("p", {}, el("code", {}, typeName(schema)));
  const rows = Object.entries(inner.properties).map(([name, field]) => {
    const nested = [field, field.items, ...(field.anyOf ?? [])].find((one) => one?.$ref);
    const more = nested && depth < 4 ? lazy(typeName(nested), () => schemaTable(spec, nested, depth + 1)) : null;
    const required = inner.required?.includes(name) ? "" : " (optional)";
    return el(
      "tr",
      {},
      el("td", {}, el("code", {}, name), required),
      el("td", {}, el("code", {}, typeName(field))),
      el("td", {}, ...words(field.description), more),
    );
  });
  return el("table", {}, ...rows);
}

function lazy(title, draw) {
  const body = el("div");
  const details = el("details", {}, el("summary", {}, title), body);
  details.addEventListener("toggle", () => {
    if (details.open && !body.hasChildNodes()) body.append(draw());
  });
  return details;
}

function content(spec, part) {
  const [kind, media] = Object.entries(part?.content ?? {})[0] ?? [];
  if (!kind) return null;
  return el("div", {}, el("p", { class: "about" }, kind), media.schema ? schemaTable(spec, media.schema) : null);
}

function token() {
  return document.getElementById("token").value.trim();
}

async function csrf() {
  const answer = await fetch("/api/v1/session");
  return answer.ok ? (await answer.json()).csrf : "";
}

/** A form that sends the call: with the token when one is given, else with the app's session. */
function trial(path, method, operation) {
  const inputs = (operation.parameters ?? []).map((parameter) => ({
    parameter,
    input: el("input", { "aria-label": parameter.name, placeholder: parameter.schema?.type ?? "" }),
  }));
  const type = Object.keys(operation.requestBody?.content ?? {})[0];
  const body = type ? el("textarea", { "aria-label": "Body", spellcheck: "false" }) : null;
  const output = el("pre", { "aria-live": "polite", hidden: "" });

  async function send(event) {
    event.preventDefault();
    let url = path;
    const query = new URLSearchParams();
    const headers = {};
    for (const { parameter, input } of inputs) {
      if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (input.value !== "" && parameter.in === "query") query.set(parameter.name, input.value);
      else if (input.value !== "" && parameter.in === "header") headers[parameter.name] = input.value;
    }
    if (type) headers["Content-Type"] = type;
    if (token() !== "") headers.Authorization = `Bearer ${token()}`;
    else if (method !== "get") headers["X-CSRF-Token"] = await csrf();
    output.hidden = false;
    output.textContent = "…";
    try {
      const answer = await fetch(query.size ? `${url}?${query}` : url, {
        method: method.toUpperCase(),
        headers,
        body: body?.value,
        credentials: token() === "" ? "same-origin" : "omit",
      });
      const text = await answer.text();
      output.textContent = `${answer.status} ${answer.statusText}\n\n${pretty(text)}`;
    } catch (error) {
      output.textContent = String(error);
    }
  }

  const rows = inputs.map(({ parameter, input }) =>
    el(
      "tr",
      {},
      el("td", {}, el("code", {}, parameter.name), parameter.required ? "" : " (optional)"),
      el("td", {}, input),
      el("td", {}, ...words(parameter.description)),
    ),
  );
  const stream = path.endsWith("/stream");
  return el("form", { onsubmit: send }, el("table", {}, ...rows), body, stream ? null : el("p", {}, el("button", {}, "Send")), output);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function drawOperation(spec, { path, method, operation }) {
  const draw = () => {
    const [answer] = Object.entries(operation.responses ?? {}).filter(([status]) => status.startsWith("2"));
    const request = content(spec, operation.requestBody);
    const response = content(spec, answer?.[1]);
    return el(
      "div",
      {},
      operation.description ? el("p", {}, ...words(operation.description)) : null,
      el("p", { class: "about" }, operation["x-permission"] ? `Needs ${operation["x-permission"]}` : "Open to everybody"),
      el("h4", {}, "Try it"),
      trial(path, method, operation),
      request ? el("h4", {}, "Body") : null,
      request,
      response ? el("h4", {}, `Answer ${answer[0]}`) : null,
      response,
    );
  };
  const body = el("div");
  const details = el(
    "details",
    { id: operation.operationId },
    el("summary", {}, el("span", { class: "method" }, method.toUpperCase()), el("code", {}, path), el("span", { class: "about" }, operation.summary ?? "")),
    body,
  );
  details.addEventListener("toggle", () => {
    if (details.open && !body.hasChildNodes()) body.append(draw());
  });
  return details;
}

function draw(spec) {
  const all = Object.entries(spec.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })),
  );
  const main = document.querySelector("main");
  const nav = document.querySelector("nav");
  const about = spec.info.description.split("\n\n").map((text) => el("p", {}, ...words(text)));
  const key = el("input", { id: "token", type: "password", autocomplete: "off", size: "40" });
  main.replaceChildren(
    el("h1", {}, `${spec.info.title} API ${spec.info.version}`),
    ...about,
    el("p", {}, el("label", { for: "token" }, "API token for trying (left empty: your session in the app) "), key),
  );
  nav.replaceChildren(el("a", { href: "/api/v1/openapi.json" }, "openapi.json"));
  for (const tag of spec.tags) {
    const own = all.filter(({ operation }) => operation.tags?.includes(tag.name));
    if (own.length === 0) continue;
    nav.append(el("a", { href: `#${encodeURIComponent(tag.name)}` }, tag.name));
    main.append(el("h2", { id: encodeURIComponent(tag.name) }, tag.name), el("p", { class: "about" }, ...words(tag.description)));
    main.append(...own.map((one) => drawOperation(spec, one)));
  }
  main.removeAttribute("aria-busy");
}

fetch("/api/v1/openapi.json")
  .then((answer) => answer.json())
  .then(draw)
  .catch((error) => document.querySelector("main").replaceChildren(el("p", {}, `The document could not be read: ${error}`)));
