// How templates name records of objects: one after another, or what the newest one says. No React in here.
import type { RecordShape } from "../customers/objects";
import { strings } from "../strings";

const text = strings.content.records;

export type Token = { label: string; token: string; group: string };

/** Keys with hyphens are no names for templates, but may stand in brackets. */
const named = (object: string) =>
  /^[a-z_][a-z0-9_]*$/.test(object) ? `objects.${object}` : `objects['${object}']`;

/** What can be inserted of an object's records. */
export function tokensOfRecords({
  object,
  title,
  fields,
  first,
  primaryKey,
}: RecordShape): Token[] {
  const group = text.group(title);
  const list = named(object);
  const shown = first[0] ?? primaryKey;
  const each = `{% for one in ${list} %}{{ one.${shown} }}{% if not loop.last %}, {% endif %}{% endfor %}`;
  return [
    { label: text.each(title), token: each, group },
    { label: text.count(title), token: `{{ ${list} | length }}`, group },
    ...Object.keys(fields).map((field) => ({
      label: text.newest(field),
      token: `{{ (${list} | first).${field} }}`,
      group,
    })),
  ];
}
