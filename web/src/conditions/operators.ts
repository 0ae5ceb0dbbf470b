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

/** One thing that is asked of a value. */
export type Check = { operator: Operator; value: unknown };

/** Everything that a test asks of its value: one or several operators, all of which must hold. */
export const checksOf = (test: Fields): Check[] =>
  Object.entries(test).flatMap(([operator, value]) =>
    isOperator(operator) ? [{ operator, value }] : [],
  );

/** The operator that people read: `is_empty: false` asks what `is_not_empty` asks. */
export function shownAs({ operator, value }: Check): Operator {
  if (value !== false) return operator;
  if (operator === "is_empty") return "is_not_empty";
  return operator === "is_not_empty" ? "is_empty" : operator;
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

/** The same test with one operator in the place of another, keeping its value where the new one takes the same. */
export function withOperator(
  test: Fields,
  before: Operator,
  after: Operator,
  type: string | undefined,
): Fields {
  const same = takes(before, type) === takes(after, type) && takes(after, type) !== "nothing";
  return Object.fromEntries(
    Object.entries(test).map(([name, value]) =>
      name === before ? [after, same ? value : beginning(after, type)] : [name, value],
    ),
  );
}

/** The same test asking one thing more; none when every operator of the type stands in it. */
export function withAnother(test: Fields, type: string | undefined): Fields | undefined {
  const free = operatorsFor(type).find((operator) => !Object.hasOwn(test, operator));
  return free && { ...test, [free]: beginning(free, type) };
}

/** The same test without this operator. */
export const withoutOperator = (test: Fields, operator: Operator): Fields =>
  Object.fromEntries(Object.entries(test).filter(([name]) => name !== operator));

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

/** One text is written plainly, several in brackets. */
export const plainly = (values: string[]): string | string[] =>
  values.length === 1 && values[0] !== undefined ? values[0] : values;

/** The texts of a value that may be one or several. */
export const textsIn = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.map(String)
    : value === undefined || value === null || value === ""
      ? []
      : [String(value)];

/** Whether something is still to be filled in. */
export function isOpen(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0 || value.some(isOpen);
  return false;
}

export type GroupKind = "all" | "any" | "not";
export type TestGroup = { kind: GroupKind; parts: unknown[] };

export function groupOf(condition: unknown): TestGroup | undefined {
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

/** A condition as a group and the parts of its card; what is no group is one of that alone. */
export function asGroup(condition: unknown): TestGroup {
  const group = groupOf(condition);
  if (group) return group.kind === "not" ? { ...group, parts: deniedParts(group.parts) } : group;
  const asks = isRecord(condition) && Object.keys(condition).length > 0;
  return { kind: "all", parts: asks ? [condition] : [] };
}
