// Numbers, times and names as people read them, in the user's own zone and language.
import { strings } from "../strings";

const numbers = new Intl.NumberFormat();
const percents = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const formatNumber = (n: number | null | undefined) =>
  n == null ? strings.list.none : numbers.format(n);

/** `part` of `whole` as a percentage; an empty whole has no share. */
export const formatShare = (part: number, whole: number) =>
  whole === 0 ? strings.list.none : percents.format(part / whole);

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const stamps = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const instants = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "short",
});

function parse(iso: string | null | undefined): Date | undefined {
  if (iso == null || iso === "") return undefined;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export function formatDate(iso: string | null | undefined): string {
  const date = parse(iso);
  return date ? dates.format(date) : strings.list.none;
}

/** An instant in a column of them, which would repeat the zone on every line. */
export function formatStamp(iso: string | null | undefined): string {
  const date = parse(iso);
  return date ? stamps.format(date) : strings.list.none;
}

/** An instant with the zone that it is told in. */
export function formatInstant(iso: string | null | undefined): string {
  const date = parse(iso);
  return date ? instants.format(date) : strings.list.none;
}

/** An instant as the server's sentences hold it. */
const INSTANT = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g;

/** A sentence of the server with its instants in the zone of whoever reads it. */
export const inReadersZone = (sentence: string) => sentence.replace(INSTANT, formatInstant);

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** From how many seconds ahead a time is told as coming; clocks of two machines differ. */
const AHEAD = 5;

/** “3 hours ago”, “in 2 days”; under a minute it is just now, or in a moment. */
export function formatRelative(iso: string | null | undefined, now: number): string {
  const date = parse(iso);
  if (!date) return strings.list.none;
  const seconds = (date.getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return seconds > AHEAD ? strings.time.soon : strings.time.justNow;
}

/** Seconds in words, by the largest unit that they fill: 5400 → “1.5 hours”. */
export function formatSeconds(seconds: number): string {
  const [unit, size] = STEPS.find((step) => seconds >= step[1]) ?? (["second", 1] as const);
  const options = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(undefined, options).format(seconds / size);
}

/** Words that are not written as a sentence would write them. */
const SPELLED = new Map(
  [
    ...["AEP", "API", "ARC", "AWS", "BCC", "CA", "CC", "CRM", "CSS", "CSV", "CTA", "DKIM", "DMARC"],
    ...["DNS", "FTP", "HTML", "HTTP", "HTTPS", "ID", "IDs", "IMAP", "IP", "JSON", "JWT", "MJML"],
    ...[
      "MX",
      "OAuth",
      "POP3",
      "S3",
      "SFTP",
      "SIC",
      "SMS",
      "SMTP",
      "SNS",
      "SPF",
      "SSL",
      "TLS",
      "TTL",
    ],
    ...["TXT", "UI", "URI", "URL", "URLs", "UTC", "UTM", "XML", "YAML", "LinkedIn"],
  ].map((word) => [word.toLowerCase(), word]),
);
const HASHES = /\bsha(\d+)\b/g;

/** `job_title` → “Job title”, `ca_certificate` → “CA certificate”. */
export function humanise(name: string): string {
  const words = name
    .replaceAll(":", ": ")
    .split(/[\s_-]+/)
    .filter(Boolean);
  const said = words.map((word) => SPELLED.get(word) ?? word).join(" ");
  const told = said.replaceAll(HASHES, "SHA-$1");
  return told === "" ? name : told.charAt(0).toUpperCase() + told.slice(1);
}

/** A label inside a sentence: “Roles template” → “roles template”, but “SMS message” stays. */
export const inSentence = (label: string): string =>
  /^[A-Z]{2}/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);

/** One attribute's value as text; objects as a compact list of their parts. */
export function formatValue(value: unknown): string {
  if (value == null || value === "") return strings.list.none;
  if (typeof value === "boolean") return value ? strings.values.yes : strings.values.no;
  if (typeof value === "number") return numbers.format(value);
  if (Array.isArray(value)) return value.map(formatValue).join(", ");
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([key, part]) => `${humanise(key)}: ${formatValue(part)}`)
      .join(", ");
  }
  return String(value);
}

/** Up to two initials for an avatar. */
export function initials(name: string): string {
  const words = name.split(/[\s@._-]+/).filter(Boolean);
  return [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => word?.charAt(0).toUpperCase() ?? "")
    .join("");
}

const SIZES = ["kB", "MB", "GB", "TB"];

/** Bytes as people read them: 512 B, 1.5 kB, 20 MB. */
export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), SIZES.length);
  return `${numbers.format(Math.round((bytes / 1024 ** power) * 10) / 10)} ${SIZES[power - 1]}`;
}

const UNITS: Record<string, string> = { m: "minute", h: "hour", d: "day", w: "week", mo: "month" };

/** A manifest's duration, `3d`, in words; anything else as it stands. */
export function durationWords(duration: string): string {
  const [, amount, unit] = /^(\d+)(mo|m|h|d|w)$/.exec(duration) ?? [];
  const name = unit ? UNITS[unit] : undefined;
  if (!amount || !name) return duration;
  const options = { style: "unit", unit: name, unitDisplay: "long" } as const;
  return new Intl.NumberFormat(undefined, options).format(Number(amount));
}
