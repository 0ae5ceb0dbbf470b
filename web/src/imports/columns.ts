// What a file's columns may become, and which of them are told by their names. No React in here.
import type { Field } from "../api/types";
import { strings } from "../strings";

export type Target = { value: string; label: string };
export type Mapping = Record<string, string>;

type Known = {
  account: Pick<Field, "key" | "label">[];
  person: Pick<Field, "key" | "label">[];
  /** Fields of records and activities, by the kind of file. */
  fields: Record<string, string[]>;
};

const OWN: Record<string, string[]> = {
  accounts: ["key"],
  people: ["key", "account_key", "account_roles", "relation"],
  activities: ["id", "type", "at", "person_key", "account_key"],
  opportunities: ["key", "account_key", "record"],
  suppressions: ["address", "reason", "suppression"],
  consents: ["phone", "sender", "consent"],
};
const OWN_OF_RECORDS = ["account_key", "person_key", "record"];

/** Groups of which one column each must be there. */
const NEEDED: Record<string, string[][]> = {
  accounts: [["key"]],
  people: [["key"]],
  activities: [["type"], ["at"], ["person_key", "account_key"]],
  opportunities: [["key"]],
  suppressions: [["address"]],
  consents: [["phone"], ["sender"], ["consent"]],
};

export function targetsOf(kind: string, known: Known): Target[] {
  const own = (OWN[kind] ?? OWN_OF_RECORDS).map((value) => ({
    value,
    label: strings.imports.own[value] ?? value,
  }));
  const attributes = kind === "accounts" ? known.account : kind === "people" ? known.person : [];
  const fields = (known.fields[kind] ?? []).map((value) => ({ value, label: value }));
  const all = [...own, ...attributes.map(({ key, label }) => ({ value: key, label })), ...fields];
  return all.filter(({ value }, n) => all.findIndex((each) => each.value === value) === n);
}

const plain = (text: string) =>
  text
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[^a-z0-9]/g, "");

/** Other names that exports of other systems have for the same. */
const ALIASES: Record<string, string[]> = {
  key: ["id", "accountid", "contactid", "leadid", "externalid", "personid"],
  name: ["company", "companyname", "accountname", "organisation", "organization"],
  email: ["emailaddress", "mail", "workemail"],
  first_name: ["firstname", "givenname"],
  last_name: ["lastname", "surname", "familyname"],
  job_title: ["title", "jobtitle", "position"],
  account_key: ["accountid", "companyid", "accountkey"],
  employees: ["numberofemployees", "employeecount", "headcount"],
  website: ["domain", "url", "domainname"],
  phone: ["phonenumber", "telephone"],
};

/** A first guess by name; what is not recognised is left out, and nothing is used twice. */
export function guessed(columns: string[], targets: Target[]): Mapping {
  const mapping: Mapping = {};
  const free = new Set(targets.map(({ value }) => value));
  const take = (column: string, matches: (target: Target) => boolean) => {
    if (mapping[column]) return;
    const found = targets.find((target) => free.has(target.value) && matches(target));
    mapping[column] = found?.value ?? "";
    if (found) free.delete(found.value);
  };
  for (const column of columns) take(column, ({ value }) => value === column.trim());
  for (const column of columns)
    take(column, (target) =>
      [target.value, target.label].some((it) => plain(it) === plain(column)),
    );
  for (const column of columns)
    take(column, ({ value }) => ALIASES[value]?.includes(plain(column)) === true);
  return mapping;
}

/** What is still missing before a row can be taken. */
export function missing(kind: string, mapping: Mapping): string[][] {
  const used = new Set(Object.values(mapping));
  return (NEEDED[kind] ?? []).filter((group) => !group.some((name) => used.has(name)));
}

/** Whether two columns become the same. */
export function doubled(mapping: Mapping): boolean {
  const used = Object.values(mapping).filter((name) => name !== "");
  return new Set(used).size < used.length;
}
