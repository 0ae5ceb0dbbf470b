// Journeys that are ready to begin with. The manifests are data; the server tests that each can be published.
import { isRecord } from "../editor/manifest";
import TEMPLATES from "./templates.json";

export type Manifest = { kind: string; key: string } & Record<string, unknown>;
export type Template = { id: string; manifests: Manifest[] };

export const templates = TEMPLATES as Template[];

/** What only the installation knows. */
export type Filling = { connection: string; end: string };

/** How often each key of a template is in use already, with other content. */
export type Endings = ReadonlyMap<string, number>;

const ended = (key: string, endings: Endings) =>
  endings.has(key) ? `${key}-${(endings.get(key) ?? 0) + 1}` : key;

/** A template's manifests, ready to be applied; keys that are in use get an ending, wherever they are named. */
export function filled(template: Template, filling: Filling, endings: Endings): Manifest[] {
  const words = new Map([
    ["CONNECTION", filling.connection],
    ["END", filling.end],
    ...template.manifests.map(({ key }): [string, string] => [key, ended(key, endings)]),
  ]);
  return template.manifests.map((manifest) => replaced(manifest, words) as Manifest);
}

/** The endings with which what would have been overwritten is left alone. */
export function madeWay(
  template: Template,
  endings: Endings,
  changed: { kind: string; key: string }[],
): Endings {
  const next = new Map(endings);
  for (const { kind, key } of template.manifests) {
    const met = changed.some((each) => each.kind === kind && each.key === ended(key, endings));
    if (met) next.set(key, (endings.get(key) ?? 0) + 1);
  }
  return next;
}

function replaced(value: unknown, words: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return words.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => replaced(each, words));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, replaced(part, words)]),
  );
}
