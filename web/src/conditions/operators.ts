// The operators of the condition language, by the type of the value they look at.
import { type Fields, isRecord } from "../editor/manifest";

export type Operator =
  | "is"
  | "is_not"
  | "starts_with"
  | "not_starts_with"
  | "contains"
  | "not_contains"
  | "is_empty"
  | "is_not_empty"
  | "at_least"
  | "greater_than"
  | "at_most"
  | "less_than"
  | "between"
  | "before"
  | "after"
  | "on"
  | "in_past";

const EMPTY: Operator[] = ["is_empty", "is_not_empty"];
const TEXT: Operator[] = [
  "is",
  "is_not",
  "contains",
  "not_contains",
  "starts_with",
  "not_starts_with",
  ...EMPTY,
];
const NUMBER: Operator[] = [
  "at_least",
  "at_most",
  "greater_than",
  "less_than",
  "between",
  "is",
  "is_not",
  ...EMPTY,
];
const TIME: Operator[] = ["on", "before", "after", "between", "in_past", ...EMPTY];

export function operatorsFor(type: string | undefined): Operator[] {
  switch (type) {
    case "integer":
    case "number":
      return NUMBER;
    case "boolean":
      return ["is", ...EMPTY];
    case "date":
    case "date_time":
      return TIME;
    default:
      return TEXT;
  }
}

const ALL = new Set<string>([...TEXT, ...NUMBER, ...TIME]);

export const isOperator = (word: string): word is Operator => ALL.has(word);

/** The operator of a test and what it compares with; tests of several operators show the first. */
export function operatorOf(test: Fields): { operator: Operator; value: unknown } | undefined {
  const found = Object.keys(test).find(isOperator);
  return found ? { operator: found as Operator, value: test[found] } : undefined;
}

/** What one writes behind an operator: nothing, one value, several, two ends, a duration. */
export type Takes = "nothing" | "one" | "several" | "range" | "duration";

export function takes(operator: Operator, type: string | undefined): Takes {
  if (operator === "is_empty" || operator === "is_not_empty") return "nothing";
  if (operator === "between") return "range";
  if (operator === "in_past") return "duration";
  const plain = type === undefined || type === "string";
  const many = ["is", "is_not", "contains", "not_contains", "starts_with", "not_starts_with"];
  return plain && many.includes(operator) ? "several" : "one";
}

/** The same test under another operator, keeping its value where the new one takes the same. */
export function withOperator(test: Fields, operator: Operator, type: string | undefined): Fields {
  const before = operatorOf(test);
  const rest = Object.fromEntries(Object.entries(test).filter(([name]) => !isOperator(name)));
  const same = before && takes(before.operator, type) === takes(operator, type);
  return { ...rest, [operator]: same ? before.value : beginning(operator, type) };
}

function beginning(operator: Operator, type: string | undefined): unknown {
  switch (takes(operator, type)) {
    case "nothing":
      return true;
    case "several":
      return [];
    case "range":
      return [null, null];
    case "duration":
      return "30d";
    case "one":
      return type === "boolean" ? true : null;
  }
}

/** A new test of a value of this type. */
export const begun = (type: string | undefined): Fields => {
  const operator = operatorsFor(type)[0] ?? "is";
  return { [operator]: beginning(operator, type) };
};

/** Whether something is still to be filled in. */
export function isOpen(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0 || value.some(isOpen);
  return false;
}

export type GroupKind = "all" | "any" | "not";

export function groupOf(condition: unknown): { kind: GroupKind; parts: unknown[] } | undefined {
  if (!isRecord(condition)) return undefined;
  if (Array.isArray(condition.all)) return { kind: "all", parts: condition.all };
  if (Array.isArray(condition.any)) return { kind: "any", parts: condition.any };
  if ("not" in condition) return { kind: "not", parts: [condition.not] };
  return undefined;
}

/** Several things denied together are denied as a group of alternatives. */
export function groupFrom(kind: GroupKind, parts: unknown[]): Fields {
  if (kind !== "not") return { [kind]: parts };
  return { not: parts.length === 1 ? parts[0] : { any: parts } };
}

/** What `not` denies, as the parts of its card. */
export function deniedParts(parts: unknown[]): unknown[] {
  const [only] = parts;
  const inner = groupOf(only);
  return inner?.kind === "any" ? inner.parts : parts;
}
