// Every test of the condition language: opened from a manifest it is in words and in inputs and comes back unchanged,
// and the tree begins it.
import { configure, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { useState } from "react";
import { definitionNamesQuery, definitionQuery, kindsQuery } from "../api/queries";
import type { Catalogue } from "../api/types";
import { type Fields, isRecord, type Subject } from "../editor/manifest";
import { strings } from "../strings";
import { renderInApp } from "../test-render";
import { AttributeTree } from "./AttributeTree";
import { GroupEditor } from "./GroupEditor";
import { addTo, groupAt, hasInnerGroups, type Path, subjectAt } from "./paths";
import { TESTS, testKey, treeOf } from "./tests";
import { conditionWords } from "./words";

const text = strings.conditions;
// Nothing is hidden here, and finding that out of hundreds of inputs takes seconds.
configure({ defaultHidden: true });
vi.setConfig({ testTimeout: 30_000 });

const attribute = (key: string, label: string, type: string, values?: string[]) => ({
  key,
  label,
  type,
  values,
});
const CATALOGUE = {
  attributes: {
    account: [
      attribute("employees", "Employees", "integer"),
      attribute("country", "Country", "string"),
      attribute("founded", "Founded on", "date"),
      attribute("partner", "Is a partner", "boolean"),
      attribute("tier", "Tier", "string", ["gold", "silver"]),
    ],
    person: [attribute("job_title", "Job title", "string")],
  },
  events: [
    {
      type: "page_viewed",
      label: "Page viewed",
      subject: "person",
      fields: [
        { key: "url", type: "string" },
        { key: "seconds", type: "integer" },
      ],
    },
  ],
} as unknown as Catalogue;

/** Definitions that the pickers find, by kind. */
const DEFINED: Record<string, Record<string, string>> = {
  account_list: { gold: "Gold accounts", silver: "Silver accounts" },
  people_list: { chiefs: "Chiefs", heads: "Heads" },
  external_audience: { retarget: "Retarget them" },
  persona: { buyer: "Buyer", user: "User" },
  score: { interest: "Interest score" },
  solution_interest: { crm: "CRM", erp: "ERP" },
  stage_model: { pipeline: "Pipeline" },
  custom_object: { licence: "Licence" },
  role: { influencer: "Influencer", owner: "Owner" },
};
const BODIES = {
  solution_interests: { crm: { stage_model: "pipeline" }, erp: {} },
  stage_models: { pipeline: { stages: [{ name: "Aware" }, { name: "Engaged" }] } },
  custom_objects: {
    licence: {
      name: "Licence",
      subject: "account",
      primary_key: "id",
      fields: { id: "string", seats: "integer", until: "date" },
    },
  },
};

function Builder(props: { subject: Subject; begin: Fields; onChange: (next: unknown) => void }) {
  const [condition, setCondition] = useState<unknown>(props.begin);
  const [chosen, choose] = useState<Path>([]);
  const to = groupAt(condition, chosen) ? chosen : [];
  const change = (next: unknown) => {
    setCondition(next);
    props.onChange(next);
  };
  return (
    <>
      <AttributeTree
        catalogue={CATALOGUE}
        subject={subjectAt(props.subject, to)}
        onChoose={(test) => change(addTo(condition, to, test))}
      />
      <GroupEditor
        catalogue={CATALOGUE}
        subject={props.subject}
        inJourney
        condition={condition}
        onChange={change}
        path={[]}
        adds={{ to, choose, offered: hasInnerGroups(condition) }}
        top
      />
    </>
  );
}

/** Opens the builder; what it has made of the condition is the last call of `changed`. */
function open(subject: Subject, begin: Fields) {
  const changed = vi.fn();
  const { container } = renderInApp(
    <Builder subject={subject} begin={begin} onChange={changed} />,
    (cache) => {
      const kinds = Object.keys(DEFINED).map((kind) => ({
        kind,
        plural: `${kind}s`,
        label: kind,
        life_cycle: "plain",
        by_name: kind === "role",
        built_in: [],
        schema: {},
      }));
      cache.setQueryData(kindsQuery.queryKey, { items: kinds } as never);
      for (const [kind, names] of Object.entries(DEFINED)) {
        const items = Object.entries(names).map(([key, name]) => ({
          key,
          name,
          kind,
          state: "live",
        }));
        cache.setQueryData(definitionNamesQuery(`${kind}s`).queryKey, { items } as never);
      }
      for (const [plural, bodies] of Object.entries(BODIES))
        for (const [key, body] of Object.entries(bodies))
          cache.setQueryData(definitionQuery(plural, key).queryKey, { key, body } as never);
    },
  );
  const logic = container.querySelector<HTMLElement>("fieldset[data-top]");
  if (!logic) throw new Error("no group at the top");
  const made = () => changed.mock.lastCall?.[0] as { all: Fields[] };
  return { changed, made, logic };
}

/** Everything that can be read in an element: its text and what stands in its inputs. */
const read = (element: HTMLElement) =>
  [
    element.textContent,
    ...[...element.querySelectorAll("input")]
      .filter((input) => input.type !== "hidden" && input.type !== "radio")
      .map((input) => (input.type === "checkbox" ? `${input.checked}` : input.value)),
  ].join(" | ");

const combobox = (name: string, n = 0) =>
  screen.getAllByRole("combobox", { name })[n] as HTMLElement;
function pick(field: HTMLElement, option: string) {
  fireEvent.click(field);
  const list = document.getElementById(field.getAttribute("aria-controls") ?? "");
  fireEvent.click(within(list as HTMLElement).getByRole("option", { name: option }));
}
const press = (name: string, n = 0) =>
  fireEvent.click(screen.getAllByRole("button", { name })[n] as HTMLElement);

type Row = [subject: Subject, test: Fields, shown: string[]];
const ROWS: Row[] = [
  ["account", { account: "employees", at_least: 1000 }, ["Employees", "is at least", "1000"]],
  [
    "account",
    { account: "employees", at_least: 20, less_than: 50 },
    ["is at least", "20", "is less than", "50"],
  ],
  ["account", { account: "employees", between: [100, 999] }, ["is between", "100", "999"]],
  ["account", { account: "employees", is: [7, 8] }, ["is", "7", "8"]],
  ["account", { account: "founded", before: "2026-01-02" }, ["is before", "2026-01-02"]],
  ["account", { account: "founded", in_past: "3w" }, ["is in the past", "3", "weeks"]],
  ["account", { account: "partner", is: true }, ["Is a partner", "Yes"]],
  ["account", { account: "tier", is: ["gold", "bronze"] }, ["gold", "bronze"]],
  ["account", { account: "country", is_empty: false }, ["Country", "is not empty"]],
  [
    "account",
    { account: "country", not_starts_with: ["D", "A"] },
    ["does not start with", "D", "A"],
  ],
  ["account", { in_account_list: "gold" }, ["Gold accounts"]],
  ["account", { in_account_list: ["gold", "lost"] }, ["Gold accounts", "lost"]],
  [
    "account",
    {
      buying_group: {
        solution_interest: ["crm", "erp"],
        stage: ["Aware", "Engaged"],
        status: { contains: "open" },
        completeness: { at_least: 20, less_than: 50 },
        engagement: { greater_than: 5 },
        roles: [
          { role: "Influencer", at_least: 2 },
          { role: "Gone", at_least: 1 },
        ],
      },
    },
    ["CRM", "ERP", "Aware", "Engaged", "contains", "open", "20", "50", "5", "Influencer", "Gone"],
  ],
  ["account", { buying_group: { stage: { is_not: "Aware" } } }, ["Stage", "is not", "Aware"]],
  [
    "account",
    { has_people: { person: "job_title", starts_with: ["Chief", "VP"] }, at_least: 0, at_most: 3 },
    ["0", "3", "Job title", "starts with", "Chief", "VP"],
  ],
  [
    "account",
    { has_people: { any: [{ in_people_list: "chiefs" }] }, at_least: 2 },
    ["2", "Chiefs"],
  ],
  [
    "account",
    {
      has: "opportunity",
      where: { amount: { at_least: 10000 }, created_date: { in_past: "30d" } },
    },
    ["Opportunities", "Amount", "is at least", "10000", "is in the past", "30", "days"],
  ],
  ["account", { has: "licence", where: { seats: { between: [1, 5] } } }, ["Licence", "1", "5"]],
  ["person", { person: "job_title", contains: "Chief" }, ["Job title", "contains", "Chief"]],
  ["person", { score: "interest", at_least: 1, at_most: 9 }, ["Interest score", "1", "9"]],
  [
    "person",
    {
      member_of_buying_group: {
        solution_interest: "crm",
        role: ["Influencer", "Owner"],
        stage: "Aware",
        status: ["open", "won"],
        completeness: { at_least: 50 },
        engagement: { between: [1, 2] },
        removed: true,
      },
    },
    ["CRM", "Influencer", "Owner", "Aware", "open", "won", "50", "1", "2", "true"],
  ],
  ["person", { role_in_account: ["Owner", "Guest"] }, ["Owner", "Guest"]],
  ["person", { in_people_list: ["chiefs", "heads"] }, ["Chiefs", "Heads"]],
  ["person", { in_external_audience: "retarget" }, ["Retarget them"]],
  ["person", { persona: ["buyer", "user"] }, ["Buyer", "User"]],
  ["person", { derived_persona: "buyer" }, ["Buyer"]],
  [
    "person",
    {
      did: "page_viewed",
      where: { url: { contains: "pricing" }, seconds: { greater_than: 10 } },
      within: "30d",
      at_least: 3,
    },
    ["Page viewed", "contains", "pricing", "is greater than", "10", "30", "days", "3"],
  ],
  ["person", { did_not: "page_viewed", since: "entry" }, ["Page viewed", "true"]],
];

it.each(ROWS)("of %ss %j is shown and kept", (subject, test, shown) => {
  const { changed, made, logic } = open(subject, { all: [test] });
  const words = read(logic);
  for (const each of shown) expect(words).toContain(each);
  expect(words).not.toContain(text.unreadable);
  for (const input of logic.querySelectorAll("input:not([type=hidden])"))
    expect(input).toHaveAccessibleName();
  expect(within(logic).queryByRole("button", { name: text.removeGroup })).toBeNull();
  expect(conditionWords(test)).not.toContain("{");
  expect(changed).not.toHaveBeenCalled();
  fireEvent.click(within(logic).getAllByRole("button", { name: text.addGroup })[0] as HTMLElement);
  expect(made()).toEqual({ all: [test, { any: [] }] });
});

it("knows a row for every test of the language", () => {
  const opened = new Set(ROWS.map(([, test]) => testKey(test)));
  expect(TESTS.filter((key) => !opened.has(key))).toEqual([]);
});

it.each(["account", "person"] as const)("begins every test of %ss from the tree", (subject) => {
  const { made } = open(subject, { all: [] });
  const tree = screen.getByRole("region", { name: text.filters[subject] });
  const begun: unknown[] = [];
  for (const { label, leaves } of treeOf(CATALOGUE, subject)) {
    const folder = within(tree).getByRole("button", { name: new RegExp(`^${label}`) });
    if (folder.getAttribute("aria-expanded") === "false") fireEvent.click(folder);
    for (const leaf of leaves) {
      fireEvent.click(within(tree).getByRole("button", { name: leaf.label }));
      begun.push(leaf.make());
    }
  }
  expect(made().all).toEqual(begun);
  const wanted = ROWS.filter(([about]) => about === subject).map(([, test]) => testKey(test));
  const offered = new Set(begun.filter(isRecord).map(testKey));
  // What was not done is what was done, turned round by its switch.
  expect(wanted.filter((key) => key !== "did_not" && !(key && offered.has(key)))).toEqual([]);
});

it("adds to the group that is chosen, with people's filters where it asks about people", () => {
  const people = { has_people: { all: [] }, at_least: 1 };
  const { made } = open("account", { all: [{ any: [] }, people] });
  const leaf = (name: string) => screen.getByRole("button", { name });
  press(text.addHere, 1);
  fireEvent.click(leaf("Country"));
  expect(made().all[0]).toEqual({ any: [{ account: "country", is: [] }] });
  press(text.addHere, 2);
  fireEvent.click(leaf("Job title"));
  expect(made().all[1]).toEqual({
    ...people,
    has_people: { all: [{ person: "job_title", is: [] }] },
  });
  press(text.addHere, 0);
  fireEvent.click(leaf("Employees"));
  expect(made().all[2]).toEqual({ account: "employees", at_least: null });
});

it("takes a dragged test only where whom it asks about is asked about, and says why not", () => {
  const { changed, made, logic } = open("account", { all: [{ has_people: { all: [] } }] });
  const carried = new Map<string, string>();
  const dataTransfer = {
    setData: (type: string, data: string) => carried.set(type, data),
    getData: (type: string) => carried.get(type) ?? "",
    get types() {
      return [...carried.keys()];
    },
  };
  const inner = within(logic).getAllByRole("group", { name: text.groups.all })[0] as HTMLElement;
  fireEvent.dragStart(screen.getByRole("button", { name: "Country" }), { dataTransfer });
  // A drop is let happen by whoever stops what the browser does by itself.
  expect(fireEvent.dragOver(inner, { dataTransfer })).toBe(true);
  expect(screen.getByRole("alert")).toHaveTextContent(text.refused.person);
  fireEvent.drop(inner, { dataTransfer });
  expect(changed).not.toHaveBeenCalled();
  fireEvent.dragLeave(inner, { dataTransfer });
  expect(fireEvent.dragOver(logic, { dataTransfer })).toBe(false);
  fireEvent.drop(logic, { dataTransfer });
  expect(made().all[1]).toEqual({ account: "country", is: [] });
});

it("lets several lists be chosen by their names", () => {
  const { made, logic } = open("account", { all: [{ in_account_list: "gold" }] });
  pick(within(logic).getByRole("combobox", { name: /account_list/ }), "Silver accounts");
  expect(made()).toEqual({ all: [{ in_account_list: ["gold", "silver"] }] });
});

it("asks about the fields of an object as their types are asked about", async () => {
  const { made, logic } = open("account", { all: [{ has: "" }] });
  pick(within(logic).getByRole("combobox", { name: /Custom object/ }), "Opportunities");
  pick(combobox(text.addConstraint), "Amount");
  pick(combobox(text.addConstraint), "Created date");
  expect(made().all[0]).toEqual({
    has: "opportunity",
    where: { amount: { at_least: null }, created_date: { on: null } },
  });
  pick(combobox(text.operator, 1), text.operators.in_past);
  await waitFor(() =>
    expect(made().all[0]).toMatchObject({ where: { created_date: { in_past: "30d" } } }),
  );
});

it("keeps what a buying group is asked besides what is changed", () => {
  const facts = {
    solution_interest: ["crm", "erp"],
    status: { contains: "open" },
    completeness: { at_least: 20, less_than: 50 },
  };
  const { made } = open("account", { all: [{ buying_group: facts }] });
  const group = () => made().all[0]?.buying_group;
  const completeness = screen.getByRole("group", { name: text.facts.completeness });
  pick(
    within(completeness).getAllByRole("combobox", { name: text.operator })[0] as HTMLElement,
    text.operators.greater_than,
  );
  expect(group()).toEqual({ ...facts, completeness: { greater_than: 20, less_than: 50 } });
  fireEvent.click(within(completeness).getByRole("button", { name: text.addCheck }));
  expect(group()).toMatchObject({
    completeness: { greater_than: 20, less_than: 50, at_least: null },
  });
  press(text.facts.stage);
  const stage = screen.getByRole("group", { name: text.facts.stage });
  pick(within(stage).getByRole("combobox", { name: text.value }), "Aware");
  pick(within(stage).getByRole("combobox", { name: text.value }), "Engaged");
  expect(group()).toMatchObject({ stage: ["Aware", "Engaged"], status: facts.status });
});

it("numbers the cards, and folds one into its words", () => {
  const tests = [{ account: "country", is: "DE" }, { in_account_list: ["gold", "silver"] }];
  const { changed, logic } = open("account", { all: tests });
  const fold = screen.getByRole("button", { name: text.fold(2, text.tests.in_account_list) });
  fireEvent.click(fold);
  expect(fold).toHaveAttribute("aria-expanded", "false");
  expect(read(logic)).toContain("in list Gold accounts or Silver accounts");
  expect(within(logic).queryByRole("combobox", { name: /account_list/ })).toBeNull();
  expect(within(logic).getByRole("combobox", { name: text.operator })).toHaveValue("is");
  fireEvent.click(fold);
  expect(within(logic).getByRole("combobox", { name: /account_list/ })).toBeVisible();
  expect(changed).not.toHaveBeenCalled();
});
