// What records look like: opportunities, which every installation has, and the custom objects that it declares.
import { useQueries, useQuery } from "@tanstack/react-query";
import type { Subject } from "../api/customers";
import { type Definition, definitionNamesQuery, definitionQuery } from "../api/queries";
import { isRecord } from "../editor/manifest";
import { humanise } from "../shell/format";
import { strings } from "../strings";

export type RecordShape = {
  object: string;
  title: string;
  subject: Subject;
  /** The field that tells one record from another. */
  primaryKey: string;
  /** Name → type, in the order of the object. */
  fields: Record<string, string>;
  /** The fields that a table shows before anybody chooses. */
  first: string[];
};

/** As many columns of an object that nobody described further are shown at first. */
const USUAL_COLUMNS = 6;

export const OPPORTUNITY: RecordShape = {
  object: "opportunity",
  title: strings.customers.records.opportunities,
  subject: "account",
  primaryKey: "key",
  fields: {
    key: "string",
    name: "string",
    description: "string",
    stage: "string",
    type: "string",
    amount: "number",
    expected_revenue: "number",
    expected_close_date: "date",
    actual_close_date: "date",
    probability: "number",
    is_closed: "boolean",
    is_won: "boolean",
    fiscal_quarter: "string",
    fiscal_year: "integer",
    forecast_category: "string",
    forecast_category_name: "string",
    lead_source: "string",
    next_step: "string",
    quantity: "number",
    last_activity_date: "date",
    created_date: "date_time",
  },
  first: ["name", "stage", "amount", "expected_close_date", "is_closed", "is_won"],
};

/** The shape that a custom object's manifest declares. */
export function shapeOf(object: string, manifest: Definition["body"]): RecordShape {
  const declared = isRecord(manifest.fields) ? manifest.fields : {};
  const fields = Object.fromEntries(Object.entries(declared).map(([k, type]) => [k, String(type)]));
  const primaryKey = String(manifest.primary_key ?? "key");
  const others = Object.keys(fields).filter((name) => name !== primaryKey);
  return {
    object,
    // A name that says the same as the key is not kept, but it is there.
    title: typeof manifest.name === "string" && manifest.name ? manifest.name : humanise(object),
    subject: manifest.subject === "person" ? "person" : "account",
    primaryKey,
    fields,
    first: others.slice(0, USUAL_COLUMNS),
  };
}

/** The objects whose records belong to accounts, or to people; `known` once all of them are told. */
export function useShapes(subject: Subject) {
  const { data: names, error } = useQuery(definitionNamesQuery("custom_objects"));
  const declared = useQueries({
    queries: (names?.items ?? []).map(({ key }) => definitionQuery("custom_objects", key)),
  });
  const shapes = declared.flatMap(({ data }, n) => {
    const key = names?.items[n]?.key;
    return data && key ? [shapeOf(key, data.body)] : [];
  });
  return {
    shapes: [OPPORTUNITY, ...shapes].filter((shape) => shape.subject === subject),
    known: names !== undefined && declared.every(({ isPending }) => !isPending),
    error: error ?? declared.find((each) => each.error)?.error ?? null,
  };
}
