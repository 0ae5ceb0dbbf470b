// What things are called whose keys stand in a manifest: attributes and events by the catalogue, definitions by name.
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { catalogueQuery, definitionNamesQuery, kindsQuery } from "../api/queries";
import type { Catalogue, DefinitionRow } from "../api/types";
import { humanise } from "../shell/format";
import { kindNamedBy, type Names } from "./words";

const NO_ROWS: readonly DefinitionRow[] = [];

/** Names for everything that `value`, a manifest or a part of one, mentions. */
export function useNames(value: unknown): Names {
  const { data: catalogue } = useQuery(catalogueQuery);
  const { data: known } = useQuery(kindsQuery);
  const fields = useMemo(() => fieldsIn(value), [value]);
  const kinds = known?.items.filter(({ kind }) => fields.has(kind)) ?? [];
  return useQueries({
    queries: kinds.map(({ plural }) => definitionNamesQuery(plural)),
    combine: (found) =>
      namesFrom(
        catalogue,
        new Map(kinds.map(({ kind }, n) => [kind, byKey(found[n]?.data?.items ?? NO_ROWS)])),
      ),
  });
}

const named = new WeakMap<readonly DefinitionRow[], ReadonlyMap<string, string>>();

/** Names by key; there may be thousands of them, asked for again and again. */
export function byKey(rows: readonly DefinitionRow[]): ReadonlyMap<string, string> {
  const known = named.get(rows) ?? new Map(rows.map(({ key, name }) => [key, name]));
  named.set(rows, known);
  return known;
}

function namesFrom(
  catalogue: Catalogue | undefined,
  rows: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Names {
  return {
    attribute: (subject, key) =>
      catalogue?.attributes[subject].find((each) => each.key === key)?.label ?? humanise(key),
    event: (type) => catalogue?.events.find((each) => each.type === type)?.label ?? humanise(type),
    definition: (kind, key) => rows.get(kind)?.get(key) || key,
  };
}

/** The kinds that fields of this value may name, however deep they stand. */
export function fieldsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const part of value) fieldsIn(part, found);
  else if (typeof value === "object" && value !== null)
    for (const [name, inner] of Object.entries(value)) {
      found.add(kindNamedBy(name));
      fieldsIn(inner, found);
    }
  return found;
}
