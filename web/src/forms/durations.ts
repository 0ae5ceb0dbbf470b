// Durations as manifests write them: `30m`, `4h`, `3d`, `2w`, `1mo`.
export const UNITS = ["m", "h", "d", "w", "mo"] as const;
export type Unit = (typeof UNITS)[number];

export function readDuration(text: unknown): { amount: number; unit: Unit } | undefined {
  const match = typeof text === "string" ? /^(\d+)(mo|m|h|d|w)$/.exec(text.trim()) : null;
  return match ? { amount: Number(match[1]), unit: match[2] as Unit } : undefined;
}

/** An instant as a `datetime-local` input shows it, on the user's own clock. */
export function toLocalInput(iso: unknown): string {
  const date = typeof iso === "string" ? new Date(iso) : undefined;
  if (!date || Number.isNaN(date.getTime())) return "";
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

export function fromLocalInput(text: string): string | undefined {
  const date = new Date(text);
  return text === "" || Number.isNaN(date.getTime())
    ? undefined
    : date.toISOString().replace(".000Z", "Z");
}
