// Fragments as they are taken in: what the tag fills in, what stands open, and how one becomes content of its host. No React in here.

import { type Fields, isRecord } from "../editor/manifest";
import { keyFrom } from "../forms/keys";
import { renamedIn } from "./variants";

/** What a tag takes in, with what it says for the fields that stand open. */
export type Taken = { key: string; given: Record<string, string> };
/** A field of a fragment that its hosts may fill in. */
export type OpenField = { label?: string; default: string };

const INCLUDE =
  /^\{%[-+]?\s*include\s+(?:"([^"]+)"|'([^']+)')\s*(?:with\s+([\s\S]*?))?\s*[-+]?%\}$/;
const GIVEN = /^\s*([a-z][a-z0-9_]*)\s*=\s*(?:"([^"]*)"|'([^']*)')\s*(,|$)/;
const ANY_TAG = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g;
const FIELD = /\{\{\s*field\.([a-z][a-z0-9_]*)\s*\}\}/g;

/** What a tag takes in; none: it is another tag. */
export function takenBy(tag: string): Taken | undefined {
  const read = INCLUDE.exec(tag.trim());
  const key = read?.[1] ?? read?.[2];
  if (!read || !key || read[3] === "") return undefined;
  const given: Record<string, string> = {};
  for (let rest = read[3] ?? ""; rest !== ""; ) {
    const next = GIVEN.exec(rest);
    if (!next?.[1]) return undefined;
    given[next[1]] = next[2] ?? next[3] ?? "";
    rest = rest.slice(next[0].length);
    // A comma stands between two, not behind the last.
    if (next[4] === "," && rest.trim() === "") return undefined;
  }
  return { key, given };
}

/** The tag that takes a fragment in. */
export function tagFor({ key, given }: Taken): string {
  const said = Object.entries(given).map(([name, value]) => `${name}=${quoted(value)}`);
  return `{% include "${key}"${said.length > 0 ? ` with ${said.join(", ")}` : ""} %}`;
}

const quoted = (value: string) => (value.includes('"') ? `'${value}'` : `"${value}"`);

/** Why a tag cannot say a value. */
export function unsayable(value: string): "quotes" | "tag" | undefined {
  if (value.includes('"') && value.includes("'")) return "quotes";
  return value.includes("%}") || value.includes("{%") ? "tag" : undefined;
}

/** The tags in a text that take fragments in, in order. */
export const includesIn = (source: string) =>
  (source.match(ANY_TAG) ?? []).filter((tag) => takenBy(tag) !== undefined);

/** The fields that a fragment's manifest declares. */
export function fieldsOf(body: Fields): Record<string, OpenField> {
  const declared = Object.entries(isRecord(body.fields) ? body.fields : {});
  return Object.fromEntries(
    declared.flatMap(([name, field]) =>
      isRecord(field)
        ? [
            [
              name,
              {
                default: String(field.default ?? ""),
                ...(typeof field.label === "string" ? { label: field.label } : {}),
              },
            ],
          ]
        : [],
    ),
  );
}

/** What is said for fields that the fragment does not have (any more). */
export const orphansOf = (given: Record<string, string>, fields: Record<string, OpenField>) =>
  Object.keys(given).filter((name) => !(name in fields));

/** What a field is for, by where the fragment asks for it first. */
export type Use = "text" | "link" | "picture" | "alt";
const USES: [RegExp, Use][] = [
  [/(?:href|action)\s*=\s*["'][^"']*$/, "link"],
  [/(?:src|background-url)\s*=\s*["'][^"']*$/, "picture"],
  [/(?:alt|title)\s*=\s*["'][^"']*$/, "alt"],
];

export function purposeOf(source: string, name: string): Use {
  for (const match of source.matchAll(FIELD)) {
    if (match[1] !== name) continue;
    const before = source.slice(0, match.index);
    return USES.find(([attribute]) => attribute.test(before))?.[1] ?? "text";
  }
  return "text";
}

/** The field that a value asks for and nothing else; none: it is a text of its own. */
export const fieldIn = (value: string) =>
  /^\s*\{\{\s*field\.([a-z][a-z0-9_]*)\s*\}\}\s*$/.exec(value)?.[1];
export const fieldTag = (name: string) => `{{ field.${name} }}`;

/** Whether a text asks for a field. */
export const asksFor = (source: string, name: string) =>
  [...source.matchAll(FIELD)].some((match) => match[1] === name);

const SIGNS: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (sign) => SIGNS[sign] ?? sign);

/** A text in which no markup begins and no quote ends; its tags stay. */
export function withoutMarkup(text: string): string {
  let out = "";
  let at = 0;
  for (const match of text.matchAll(ANY_TAG)) {
    out += escaped(text.slice(at, match.index)) + match[0];
    at = match.index + match[0].length;
  }
  return out + escaped(text.slice(at));
}

/** A fragment's text with its fields filled in, as the server does it. */
export const filledIn = (
  source: string,
  fields: Record<string, OpenField>,
  given: Record<string, string> = {},
) =>
  source.replaceAll(FIELD, (_, name: string) =>
    name in fields ? withoutMarkup(given[name] ?? fields[name]?.default ?? "") : "",
  );

/** A name for a field, from what people read beside it, that no other has. */
export function nameFor(label: string, taken: string[]): string {
  const plain = keyFrom(label, "_").slice(0, 50);
  let name = plain;
  for (let n = 2; taken.includes(name); n += 1) name = `${plain}_${n}`;
  return name;
}

/** A fragment as content of its host: its text, and the conditions of the two together. */
export type Opened = { source: string; conditions: Fields };

/** Fills a fragment in and takes its conditions along; one whose name means something else in the host gets another. */
export function broken(
  fragment: Fields,
  given: Record<string, string>,
  conditionsOfHost: Fields,
): Opened {
  const content = isRecord(fragment.body) ? fragment.body : {};
  const written = String(content.mjml ?? content.html ?? "");
  const conditions = { ...conditionsOfHost };
  let source = filledIn(written, fieldsOf(fragment), given);
  const own = isRecord(fragment.conditions) ? fragment.conditions : {};
  for (const [name, condition] of Object.entries(own)) {
    const same = (other: unknown) => JSON.stringify(other) === JSON.stringify(condition);
    if (!(name in conditions) || same(conditions[name])) {
      conditions[name] = condition;
      continue;
    }
    const other = nameFor(name, [...Object.keys(conditions), ...Object.keys(own)]);
    conditions[other] = condition;
    source = renamedIn(source, name, other);
  }
  return { source, conditions };
}
