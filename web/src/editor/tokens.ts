// The journey's own values for its messages: names that are free, and values of another type.
import type { Fields } from "./manifest";

export type TokenType = "string" | "number" | "boolean";

export function typeOf(value: unknown): TokenType {
  return typeof value === "number" || typeof value === "boolean"
    ? (typeof value as TokenType)
    : "string";
}

/** A value as one of another type; what cannot be read begins anew. */
export function readAs(value: unknown, type: TokenType): string | number | boolean {
  if (type === "boolean") return value === true || value === "true";
  if (type === "number") return Number.isFinite(Number(value)) ? Number(value) : 0;
  return String(value);
}

/** A token by another name, in its place; a name that another has is not taken. */
export function renamed(tokens: Fields, from: string, to: string): Fields {
  if (to !== from && to in tokens) return tokens;
  return Object.fromEntries(
    Object.entries(tokens).map(([name, value]) => [name === from ? to : name, value]),
  );
}

/** The first name that no token has. */
export function freeName(names: string[]): string {
  let n = names.length + 1;
  while (names.includes(`token_${n}`)) n += 1;
  return `token_${n}`;
}
