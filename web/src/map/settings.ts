// A node's manifest in words, whatever its kind: labels from the field names, conditions as sentences.
import { durationWords, formatInstant, formatValue, humanise } from "../shell/format";

export type Setting = { label: string; value: string | Setting[] };

/** Shown elsewhere on the map (edges, title, the action's own name), so not repeated here. */
const DRAWN = new Set(["type", "next", "id", "action", "actions"]);
const CONDITIONS = new Set(["when", "filters", "where"]);
const DURATIONS = new Set(["duration", "delay", "within"]);
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

export function settingsOf(settings: Record<string, unknown>): Setting[] {
  return Object.entries(settings)
    .filter(([name, value]) => !DRAWN.has(name) && value !== null && value !== undefined)
    .map(([name, value]) => ({ label: humanise(name), value: settingValue(name, value) }))
    .filter((setting) => typeof setting.value === "string" || setting.value.length > 0);
}

function settingValue(name: string, value: unknown): string | Setting[] {
  if (CONDITIONS.has(name)) return conditionWords(value);
  if (typeof value === "string" && DURATIONS.has(name)) return durationWords(value);
  if (typeof value === "string") return INSTANT.test(value) ? formatInstant(value) : value;
  if (Array.isArray(value) && value.some(isRecord)) return value.flatMap(listed);
  if (isRecord(value)) return settingsOf(value);
  return formatValue(value);
}

/** One of several paths, actions or events: headed by its own label where it has one. */
function listed(part: unknown, index: number): Setting[] {
  if (!isRecord(part)) return [{ label: String(index + 1), value: formatValue(part) }];
  const { label, ...rest } = part;
  const inner = settingsOf(rest);
  const [only] = inner;
  const value = inner.length === 1 && only && typeof only.value === "string" ? only.value : inner;
  return [{ label: typeof label === "string" ? label : String(index + 1), value }];
}

/** `{all: [{person: "country", is: ["US", "DE"]}]}` → “person country is US, DE”. */
export function conditionWords(condition: unknown): string {
  if (Array.isArray(condition)) return condition.map(conditionWords).join(", ");
  if (!isRecord(condition)) return formatValue(condition);
  if (Array.isArray(condition.all)) return joined(condition.all, " and ");
  if (Array.isArray(condition.any)) return joined(condition.any, " or ");
  if (condition.not !== undefined) return `not (${conditionWords(condition.not)})`;
  return Object.entries(condition)
    .map(([name, value]) => {
      const inner = conditionWords(value);
      return `${humanise(name).toLowerCase()} ${isRecord(value) ? `(${inner})` : inner}`;
    })
    .join(" ");
}

function joined(parts: unknown[], word: string): string {
  if (parts.length === 1) return conditionWords(parts[0]);
  return parts
    .map((part) =>
      isRecord(part) && (part.all || part.any) ? `(${conditionWords(part)})` : conditionWords(part),
    )
    .join(word);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
