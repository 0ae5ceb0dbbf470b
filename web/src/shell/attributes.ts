// A record's own attributes, told apart from what the API adds about its relations.
import { formatDate, formatInstant, formatValue, humanise } from "./format";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** Every attribute that is set, as label and text; `without` names the fields shown elsewhere. */
export function attributeFacts(
  record: object,
  without: string[],
): { label: string; value: string }[] {
  return Object.entries(record)
    .filter(([name, value]) => !without.includes(name) && isSet(value))
    .map(([name, value]) => ({ label: humanise(name), value: attributeText(value) }));
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== "";
}

/** A value as people read it: days and moments are told by how they are written. */
export function attributeText(value: unknown): string {
  if (typeof value === "string" && DATE.test(value)) return formatDate(`${value}T12:00:00`);
  if (typeof value === "string" && INSTANT.test(value)) return formatInstant(value);
  return formatValue(value);
}
