// The tests that a condition may hold, with what each begins with.
import type { Catalogue } from "../api/types";
import type { Fields, Subject } from "../editor/manifest";
import { strings } from "../strings";
import { begun } from "./operators";

const text = strings.conditions;

export const TESTS = [
  "account",
  "person",
  "score",
  "persona",
  "derived_persona",
  "in_account_list",
  "in_people_list",
  "in_external_audience",
  "role_in_account",
  "buying_group",
  "member_of_buying_group",
  "has_people",
  "has",
  "did",
  "did_not",
] as const;
export type TestKey = (typeof TESTS)[number];

export const testKey = (condition: Fields): TestKey | undefined =>
  TESTS.find((key) => Object.hasOwn(condition, key));

export type Leaf = { id: string; label: string; make: () => Fields };
export type Folder = { label: string; leaves: Leaf[] };

/** What the tree at the left offers for a condition about accounts or people. */
export function treeOf(catalogue: Catalogue, subject: Subject): Folder[] {
  const attributes: Folder = {
    label: text.folders.attributes[subject],
    leaves: catalogue.attributes[subject].map((attribute) => ({
      id: `${subject} ${attribute.key}`,
      label: attribute.label,
      make: () => ({ [subject]: attribute.key, ...begun(attribute.type) }),
    })),
  };
  const events: Folder = {
    label: text.folders.history,
    leaves: catalogue.events
      .filter((event) => event.subject !== "account")
      .map((event) => ({
        id: `did ${event.type}`,
        label: event.label,
        make: () => ({ did: event.type }),
      })),
  };
  if (subject === "account") return [attributes, { label: text.folders.special, leaves: ACCOUNT }];
  return [attributes, { label: text.folders.special, leaves: PERSON }, events];
}

const leaf = (key: TestKey, make: () => Fields): Leaf => ({
  id: key,
  label: text.tests[key],
  make,
});

const ACCOUNT: Leaf[] = [
  leaf("in_account_list", () => ({ in_account_list: "" })),
  leaf("buying_group", () => ({ buying_group: {} })),
  leaf("has_people", () => ({ has_people: { all: [] }, at_least: 1 })),
  leaf("has", () => ({ has: "" })),
];
const PERSON: Leaf[] = [
  leaf("in_people_list", () => ({ in_people_list: "" })),
  leaf("in_external_audience", () => ({ in_external_audience: "" })),
  leaf("member_of_buying_group", () => ({ member_of_buying_group: {} })),
  leaf("role_in_account", () => ({ role_in_account: [] })),
  leaf("persona", () => ({ persona: "" })),
  leaf("derived_persona", () => ({ derived_persona: "" })),
  leaf("score", () => ({ score: "", at_least: 1 })),
  leaf("has", () => ({ has: "" })),
];
