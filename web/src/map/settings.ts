// A node's manifest in words, whatever its kind: labels from the field names, conditions as sentences.
import { conditionWords, kindNamedBy, type Names, UNNAMED } from "../conditions/words";
import { durationWords, formatInstant, formatValue, humanise } from "../shell/format";

export type Setting = { label: string; value: string | Setting[] };

/** Shown elsewhere on the map (edges, title, the action's own name), so not repeated here. */
const DRAWN = new Set(["type", "next", "id", "action", "actions", "on", "by"]);
const CONDITIONS = new Set(["when", "filters", "where"]);
const DURATIONS = new Set(["duration", "delay", "within"]);
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

export function settingsOf(settings: Record<string, unknown>, names: Names = UNNAMED): Setting[] {
  return Object.entries(settings)
    .filter(([name, value]) => !DRAWN.has(name) && value !== null && value !== undefined)
    .map(([name, value]) => ({ label: humanise(name), value: settingValue(name, value, names) }))
    .filter((setting) => typeof setting.value === "string" || setting.value.length > 0);
}

function settingValue(name: string, value: unknown, names: Names): string | Setting[] {
  if (CONDITIONS.has(name)) return conditionWords(value, names);
  if (typeof value === "string") return textValue(name, value, names);
  if (Array.isArray(value) && value.some(isRecord))
    return value.flatMap((part, n) => listed(part, n, names));
  if (isRecord(value)) return settingsOf(value, names);
  if (Array.isArray(value)) return value.map((part) => textValue(name, part, names)).join(", ");
  return formatValue(value);
}

/** A text by what it names: a duration, a moment, an event, a definition. */
export function textValue(name: string, value: unknown, names: Names): string {
  if (typeof value !== "string") return formatValue(value);
  if (DURATIONS.has(name)) return durationWords(value);
  if (INSTANT.test(value)) return formatInstant(value);
  return name === "activity" ? names.event(value) : names.definition(kindNamedBy(name), value);
}

/** One of several paths, actions or events: headed by its own label where it has one. */
function listed(part: unknown, index: number, names: Names): Setting[] {
  if (!isRecord(part)) return [{ label: String(index + 1), value: formatValue(part) }];
  const { label, ...rest } = part;
  const inner = settingsOf(rest, names);
  const [only] = inner;
  const value = inner.length === 1 && only && typeof only.value === "string" ? only.value : inner;
  return [{ label: typeof label === "string" ? label : String(index + 1), value }];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
