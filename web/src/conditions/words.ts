// A condition in words, as the server says it too: labels for keys, operators spelled out. No React in here.
import { durationWords, formatValue, humanise } from "../shell/format";
import { strings } from "../strings";
import { isOperator, type Operator, shownAs } from "./operators";
import type { TestKey } from "./tests";

/** What things are called whose keys stand in manifests. */
export type Names = {
  attribute: (subject: "account" | "person", key: string) => string;
  event: (type: string) => string;
  definition: (kind: string, key: string) => string;
};

/** Without a catalogue at hand a key is told as words, and what somebody named as it is written. */
export const UNNAMED: Names = {
  attribute: (_, key) => humanise(key),
  event: humanise,
  definition: (_, key) => key,
};

type Fields = Record<string, unknown>;
const text = strings.conditions.words;

/** The kinds whose keys stand behind these words. */
const KINDS: Record<string, string> = {
  in_account_list: "account_list",
  in_people_list: "people_list",
  in_external_audience: "external_audience",
  has: "custom_object",
  derived_persona: "persona",
  list: "account_list",
  service: "external_action",
};

/** The kind that a field's value names, where it names one. */
export const kindNamedBy = (field: string): string => KINDS[field] ?? field;

/** `{all: [{person: "country", is: ["US", "DE"]}]}` → “Country is US or DE”. */
export function conditionWords(condition: unknown, names: Names = UNNAMED): string {
  if (!isRecord(condition))
    return Array.isArray(condition)
      ? condition.map((part) => conditionWords(part, names)).join(", ")
      : formatValue(condition);
  if (Array.isArray(condition.all)) return joined(condition.all, text.and, names);
  if (Array.isArray(condition.any)) return joined(condition.any, text.or, names);
  if (condition.not !== undefined) return text.not(conditionWords(condition.not, names));
  return testWords(condition, names);
}

function joined(parts: unknown[], word: string, names: Names): string {
  if (parts.length === 0) return word === text.and ? text.everything : text.nothing;
  if (parts.length === 1) return conditionWords(parts[0], names);
  return parts
    .map((part) => {
      const words = conditionWords(part, names);
      return isJoined(part) ? `(${words})` : words;
    })
    .join(` ${word} `);
}

const isJoined = (part: unknown) =>
  isRecord(part) && [part.all, part.any].some((list) => Array.isArray(list) && list.length > 1);

function testWords(test: Fields, names: Names): string {
  const key = Object.keys(test).find((each): each is TestKey => each in SAID);
  return key ? SAID[key](test, names) : fieldTests(test, names);
}

const SAID: Record<TestKey, (test: Fields, names: Names) => string> = {
  account: (test, names) => checks(names.attribute("account", String(test.account)), test),
  person: (test, names) => checks(names.attribute("person", String(test.person)), test),
  score: (test, names) => checks(text.score(names.definition("score", String(test.score))), test),
  persona: (test, names) => text.persona(named("persona", test, names)),
  derived_persona: (test, names) => text.derivedPersona(named("derived_persona", test, names)),
  in_account_list: (test, names) => text.inList(named("in_account_list", test, names)),
  in_people_list: (test, names) => text.inList(named("in_people_list", test, names)),
  in_external_audience: (test, names) =>
    text.inExternalAudience(named("in_external_audience", test, names)),
  role_in_account: (test) => text.role(oneOf(listOf(test.role_in_account))),
  buying_group: (test, names) => text.hasGroup + groupWords(test.buying_group, names),
  member_of_buying_group: (test, names) => {
    const group = isRecord(test.member_of_buying_group) ? test.member_of_buying_group : {};
    const { removed, ...rest } = group;
    return (removed === true ? text.leftGroup : text.inGroup) + groupWords(rest, names);
  },
  has_people: (test, names) =>
    text.hasPeople(
      numberOf(test.at_least) ?? (test.at_most === undefined ? 1 : 0),
      numberOf(test.at_most),
      conditionWords(test.has_people, names),
    ),
  has: (test, names) => text.has(named("has", test, names)) + where(test.where, names),
  did: (test, names) => historyWords(text.did, test.did, test, names),
  did_not: (test, names) => historyWords(text.didNot, test.did_not, test, names),
};

function historyWords(verb: string, event: unknown, test: Fields, names: Names): string {
  const times = numberOf(test.at_least) ?? 1;
  const parts = [
    `${verb} ${names.event(String(event))}${where(test.where, names)}`,
    ...(times > 1 ? [text.times(times)] : []),
    ...(typeof test.within === "string" ? [text.within(durationWords(test.within))] : []),
    ...(test.since === "entry" ? [text.sinceEntry] : []),
  ];
  return parts.join(" ");
}

/** “ for CRM whose Stage is Engaged and Completeness is at least 50”. */
function groupWords(group: unknown, names: Names): string {
  if (!isRecord(group)) return "";
  const { solution_interest, roles, ...facts } = group;
  const interests = listOf(solution_interest).map((key) =>
    names.definition("solution_interest", key),
  );
  const wanted = Array.isArray(roles) ? roles.filter(isRecord) : [];
  const asked = [
    ...Object.entries(facts).map(([name, test]) => checks(humanise(name), asTest(test))),
    ...wanted.map((role) => text.roles(numberOf(role.at_least) ?? 1, String(role.role))),
  ];
  return (
    (interests.length > 0 ? ` ${text.for(oneOf(interests))}` : "") +
    (asked.length > 0 ? ` ${text.whose(asked.join(` ${text.and} `))}` : "")
  );
}

const where = (tests: unknown, names: Names): string =>
  isRecord(tests) && Object.keys(tests).length > 0
    ? ` ${text.where(fieldTests(tests, names))}`
    : "";

/** Tests of fields by name: `{url: {contains: "pricing"}}` → “URL contains pricing”. */
function fieldTests(tests: Fields, names: Names): string {
  return Object.entries(tests)
    .map(([field, test]) => {
      const kind = kindNamedBy(field);
      return checks(humanise(field), asTest(test), (value) => names.definition(kind, value));
    })
    .join(` ${text.and} `);
}

/** What a test compares, named: every operator that stands in it. */
function checks(name: string, test: Fields, called = (value: string) => value): string {
  const said = Object.entries(test)
    .filter(([word]) => isOperator(word))
    .map(([word, value]) => `${name} ${checkWords(word as Operator, value, called)}`);
  return said.length > 0 ? said.join(` ${text.and} `) : name;
}

function checkWords(operator: Operator, value: unknown, called: (value: string) => string) {
  const word = strings.conditions.operators[shownAs({ operator, value })];
  if (operator === "is_empty" || operator === "is_not_empty") return word;
  if (operator === "in_past") return `${word} ${durationWords(String(value))}`;
  if (operator === "between" && Array.isArray(value))
    return `${word} ${value.map(formatValue).join(` ${text.and} `)}`;
  const values = Array.isArray(value) ? value : [value];
  return `${word} ${oneOf(values.map((each) => (typeof each === "string" ? called(each) : formatValue(each))))}`;
}

const asTest = (test: unknown): Fields => (isRecord(test) ? test : { is: test });

const named = (field: string, test: Fields, names: Names) =>
  oneOf(listOf(test[field]).map((key) => names.definition(kindNamedBy(field), key)));

const listOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((each) => each != null).map(String);

const SHOWN = 5;

/** `A`, `A or B`, `A, B or C`; long lists end in a count. */
function oneOf(words: string[]): string {
  const more = words.length - SHOWN;
  const shown = more > 1 ? [...words.slice(0, SHOWN), text.more(more)] : words;
  const last = shown.at(-1) ?? "";
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} ${text.or} ${last}` : last;
}

const numberOf = (value: unknown) => (typeof value === "number" ? value : undefined);
const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
