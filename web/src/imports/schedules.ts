// Imports by schedule, as a connection's settings hold them. No React in here.
import { type Fields, isRecord } from "../editor/manifest";

export type ArrivingFiles = { name: string; kind: string; map?: Record<string, string> };
export type Schedule = { every: string; files: ArrivingFiles[] };

/** Whether import files may arrive at connections of a type: its settings have a place for it. */
export const takesFiles = (settings: unknown): boolean =>
  isRecord(settings) && isRecord(settings.properties) && "imports" in settings.properties;

/** The schedule of a connection's manifest; none where no files are awaited. */
export function scheduleOf(manifest: Fields): Schedule | undefined {
  const settings = isRecord(manifest.settings) ? manifest.settings : {};
  const imports = settings.imports;
  if (!isRecord(imports)) return undefined;
  const files = Array.isArray(imports.files) ? imports.files.filter(isRecord) : [];
  return { every: String(imports.every ?? ""), files: files.map(filesOf) };
}

function filesOf(written: Fields): ArrivingFiles {
  const map = isRecord(written.map) ? written.map : {};
  const told = Object.entries(map).map(([column, name]) => [column, String(name)]);
  return {
    name: String(written.name ?? ""),
    kind: String(written.kind ?? ""),
    ...(told.length > 0 ? { map: Object.fromEntries(told) } : {}),
  };
}

/** The manifest with another schedule, or without one. */
export function withSchedule(manifest: Fields, schedule: Schedule | undefined): Fields {
  const { imports: _, ...settings } = isRecord(manifest.settings) ? manifest.settings : {};
  return { ...manifest, settings: schedule ? { ...settings, imports: schedule } : settings };
}

/** Whether it can be saved: every row says which files and what they hold. */
export const isWhole = ({ every, files }: Schedule): boolean =>
  every !== "" &&
  files.length > 0 &&
  files.every(({ name, kind }) => name.trim() !== "" && kind !== "");

/** “Id = key”, one to a line, as people write a mapping. */
export const mapText = (map: Record<string, string> = {}): string =>
  Object.entries(map)
    .map(([column, name]) => `${column} = ${name}`)
    .join("\n");

/** What was written, line by line; a line without a name on both sides says nothing yet. */
export function readMap(text: string): Record<string, string> | undefined {
  const pairs = text.split("\n").flatMap((line) => {
    const at = line.lastIndexOf("=");
    const [column, name] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    return at > 0 && column !== "" && name !== "" ? [[column, name] as const] : [];
  });
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
}
