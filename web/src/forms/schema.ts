// What a JSON Schema of the server asks a person for: one kind of input per field. No React in here.
import { type Fields, isRecord } from "../editor/manifest";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import { UNITS, type Unit } from "./durations";

/** Whom destinations take. */
export type Takes = "accounts" | "people";
/** Which definitions of a kind may be named: those about one subject, those of some types, those that are published. */
export type Only = {
  subject?: "account" | "person";
  types?: readonly string[];
  takes?: Takes;
  live?: boolean;
};
export type Choice = { value: string; help: string | undefined };
export type Field = {
  required: boolean;
  help: string | undefined;
  label: string | undefined;
  /** What holds where it is left out, in words. */
  usual?: string | undefined;
  /** The field beside it whose place it takes: no form asks for both. */
  insteadOf?: string;
  /** One of several sources that the form lets one choose from; fields of the others are not asked for. */
  source?: string;
} & Input;
export type Input =
  | { input: "text"; max: number | undefined }
  | { input: "number"; integer: boolean; min: number | undefined; max: number | undefined }
  /** `otherwise`: what holds where it is left out; none where leaving it out is a third answer. */
  | { input: "boolean"; otherwise: boolean | undefined }
  | { input: "choice"; choices: Choice[] }
  | { input: "reference"; kind: string; only: Only }
  /** `any`: also those that only systems write; `on`: of whoever the form's field `on` names. */
  | { input: "attribute"; subject: "account" | "person" | "on"; any: boolean }
  /** What another system has; `within` names the field that narrows it. */
  | { input: "offered"; what: string; within: string | undefined }
  | { input: "stage"; of: string }
  /** `units`: those that make sense there, where not all do. */
  | { input: "duration"; units: readonly Unit[] }
  | { input: "instant" }
  | { input: "condition" }
  | { input: "texts" }
  | { input: "choices"; choices: Choice[] }
  | { input: "references"; kind: string; only: Only }
  | { input: "object"; fields: [string, Field][] }
  | { input: "records"; fields: [string, Field][] }
  | { input: "one_of"; choices: [string, Field][] }
  /** Its keys are attributes of whoever the form's field `on` names, or any names. */
  | { input: "map"; value: Field; keys?: "attribute" }
  /** A number, or the name of one that stands beside it. */
  | { input: "number_or_name" }
  /** Typed by the attribute that a field beside it names, else plain JSON. */
  | { input: "any" };

/** The fields of an object's schema, in its order. */
export function fieldsOf(schema: unknown, root: unknown = schema): [string, Field][] {
  const object = resolved(schema, root);
  const properties = isRecord(object.properties) ? object.properties : {};
  const required = new Set(Array.isArray(object.required) ? object.required : []);
  return Object.entries(properties).map(([name, part]) => [
    name,
    fieldOf(part, root, required.has(name)),
  ]);
}

export function fieldOf(schema: unknown, root: unknown, required = false): Field {
  const own = isRecord(schema) ? schema : {};
  const plain = resolved(schema, root);
  const help = textOf(own.description) ?? textOf(plain.description);
  const label = textOf(own.title);
  const instead = textOf(plain["x-instead-of"]);
  const source = textOf(plain["x-source"]);
  return {
    required,
    help,
    label,
    ...usualOf(own, plain),
    ...(instead ? { insteadOf: instead } : {}),
    ...(source ? { source } : {}),
    ...inputOf(plain, root),
  };
}

function durationOf(schema: Fields): Input {
  const named = schema["x-units"];
  const units = Array.isArray(named) ? UNITS.filter((unit) => named.includes(unit)) : UNITS;
  return { input: "duration", units };
}

function usualOf(own: Fields, plain: Fields): { usual?: string } {
  const usual = own.default ?? plain.default;
  const told = typeof usual === "number" || (typeof usual === "string" && usual !== "");
  return told ? { usual: String(usual) } : {};
}

function inputOf(schema: Fields, root: unknown): Input {
  const reference = textOf(schema["x-reference"]);
  const types = typesOf(schema);
  if (reference)
    return types.includes("array")
      ? { input: "references", kind: reference, only: onlyOf(schema) }
      : { input: "reference", kind: reference, only: onlyOf(schema) };
  const subject = schema["x-attribute"];
  if (subject === "account" || subject === "person" || subject === "on")
    return { input: "attribute", subject, any: schema["x-attribute-use"] === "read" };
  const what = textOf(schema["x-choices"]);
  if (what) return { input: "offered", what, within: textOf(schema["x-within"]) };
  const stageOf = textOf(schema["x-stage-of"]);
  if (stageOf) return { input: "stage", of: stageOf };
  if (schema["x-reader"] === "duration") return durationOf(schema);
  if (schema["x-reader"] === "condition") return { input: "condition" };
  const choices = choicesOf(schema, root);
  if (choices) return { input: "choice", choices };
  if (isNumberOrName(schema)) return { input: "number_or_name" };
  const keyed = keyedOf(schema, root);
  if (keyed) return { input: "one_of", choices: keyed };
  if (types.includes("boolean"))
    return {
      input: "boolean",
      otherwise: mayBeNull(schema) ? undefined : schema.default === true,
    };
  if (types.includes("integer") || types.includes("number")) {
    const [min, max] = [numberOf(schema.minimum), numberOf(schema.maximum)];
    return { input: "number", integer: types.includes("integer"), min, max };
  }
  if (types.includes("array")) return listOf(schema, root);
  if (types.includes("object")) return objectOf(schema, root);
  if (schema.format === "date-time") return { input: "instant" };
  if (types.includes("string")) return { input: "text", max: numberOf(schema.maxLength) };
  return { input: "any" };
}

function isNumberOrName(schema: Fields): boolean {
  const parts = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isRecord) : [];
  const types = parts.map(({ type }) => type);
  return types.length === 2 && types.includes("integer") && types.includes("string");
}

function onlyOf(schema: Fields): Only {
  const subject = schema["x-subject"];
  const type = textOf(schema["x-connection-type"]) ?? textOf(schema["x-list-type"]);
  const takes = schema["x-takes"];
  return {
    ...(subject === "account" || subject === "person" ? { subject } : {}),
    ...(type === undefined ? {} : { types: [type] }),
    ...(takes === "accounts" || takes === "people" ? { takes } : {}),
  };
}

function listOf(schema: Fields, root: unknown): Input {
  const item = fieldOf(schema.items, root, true);
  switch (item.input) {
    case "object":
      return { input: "records", fields: item.fields };
    case "choice":
      return { input: "choices", choices: item.choices };
    case "reference":
      return { input: "references", kind: item.kind, only: item.only };
    case "text":
      return { input: "texts" };
    default:
      return { input: "any" };
  }
}

function objectOf(schema: Fields, root: unknown): Input {
  if (isRecord(schema.properties)) return { input: "object", fields: fieldsOf(schema, root) };
  if (isRecord(schema.additionalProperties))
    return {
      input: "map",
      value: fieldOf(schema.additionalProperties, root, true),
      ...(schema["x-keys"] === "attribute" ? { keys: "attribute" } : {}),
    };
  return {
    input: "map",
    value: { input: "any", required: true, help: undefined, label: undefined },
  };
}

/** The words that a text takes, when it takes only some. */
function choicesOf(schema: Fields, root: unknown): Choice[] | undefined {
  if (Array.isArray(schema.enum) && schema.enum.every((each) => typeof each === "string"))
    return schema.enum.map((value) => ({ value, help: undefined }));
  const parts = variantsOf(schema, root);
  if (!parts || parts.length === 0) return undefined;
  const choices = parts.flatMap((part): (Choice | undefined)[] => {
    if (typeof part.const === "string")
      return [{ value: part.const, help: textOf(part.description) }];
    if (Array.isArray(part.enum))
      return part.enum.map((value) => ({ value: String(value), help: textOf(part.description) }));
    return [undefined];
  });
  return choices.every((each) => each !== undefined) ? (choices as Choice[]) : undefined;
}

/** Objects of one field each, of which one is written: `{account_list: …}` or `{audience: …}`. */
function keyedOf(schema: Fields, root: unknown): [string, Field][] | undefined {
  const parts = variantsOf(schema, root);
  if (!parts || parts.length === 0) return undefined;
  const keyed = parts.map((part): [string, Field] | undefined => {
    const fields = Object.entries(isRecord(part.properties) ? part.properties : {});
    const [only] = fields;
    if (!only || fields.length !== 1) return undefined;
    const field = fieldOf(only[1], root, true);
    return [only[0], { ...field, help: textOf(part.description) ?? field.help }];
  });
  return keyed.every((each) => each !== undefined) ? (keyed as [string, Field][]) : undefined;
}

function variantsOf(schema: Fields, root: unknown): Fields[] | undefined {
  const parts = Array.isArray(schema.oneOf) ? schema.oneOf : undefined;
  return parts?.map((part) => resolved(part, root)).filter((part) => part.type !== "null");
}

/** A schema behind its reference, and without the `null` of an optional field. */
function resolved(schema: unknown, root: unknown): Fields {
  if (!isRecord(schema)) return {};
  const name = textOf(schema.$ref)?.replace("#/$defs/", "");
  const definitions = isRecord(root) && isRecord(root.$defs) ? root.$defs : {};
  if (name && Object.hasOwn(definitions, name)) {
    const { $ref: _, ...beside } = schema;
    return { ...resolved(definitions[name], root), ...beside };
  }
  if (Array.isArray(schema.anyOf)) {
    const real = schema.anyOf.filter((part) => !(isRecord(part) && part.type === "null"));
    const { anyOf: _, ...beside } = schema;
    if (real.length === 1) return { ...resolved(real[0], root), ...beside };
  }
  return schema;
}

/** What a choice is called: words of the catalogue where its key says too little. */
export const choiceWord = (value: string): string =>
  strings.forms.choices[value] ?? humanise(value);

const typesOf = (schema: Fields): unknown[] =>
  (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== "null");
const mayBeNull = ({ type }: Fields) => Array.isArray(type) && type.includes("null");
const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);
const numberOf = (value: unknown) => (typeof value === "number" ? value : undefined);

/** The sources that a form offers, in its order; the chosen one is that of which something is written. */
export function sourcesOf(fields: [string, Field][], value: Fields) {
  const all = [...new Set(fields.flatMap(([, { source }]) => source ?? []))];
  const written = fields.find(([name, { source }]) => source && value[name] !== undefined);
  return { all, written: written?.[1].source };
}

/** The same without what belongs to other sources. */
export function ofSource(fields: [string, Field][], value: Fields, chosen: string): Fields {
  const others = new Set(
    fields.filter(([, { source }]) => source && source !== chosen).map(([name]) => name),
  );
  return Object.fromEntries(Object.entries(value).filter(([name]) => !others.has(name)));
}

/** What a new object of these fields begins with: choices and switches that must be there. */
export function blank(fields: [string, Field][]): Fields {
  const begun: Fields = {};
  for (const [name, field] of fields) {
    if (!field.required) continue;
    if (field.input === "choice" && field.choices[0]) begun[name] = field.choices[0].value;
    if (field.input === "boolean") begun[name] = false;
    if (field.input === "text") begun[name] = "";
    if (field.input === "records" || field.input === "texts") begun[name] = [];
  }
  return begun;
}
