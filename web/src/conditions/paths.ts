// Which group of a condition is meant, told by the way to it from the top.
import { type Fields, isRecord, type Subject } from "../editor/manifest";
import { asGroup, type GroupKind, groupFrom, groupOf, type TestGroup } from "./operators";

const PEOPLE = "has_people";

/** Into the part of a group by its number, or into the people that a test of accounts asks about. */
export type Step = number | typeof PEOPLE;
export type Path = readonly Step[];

export const samePath = (a: Path, b: Path) => a.join("/") === b.join("/");

/** Whom the group at the end of the way asks about. */
export const subjectAt = (subject: Subject, path: Path): Subject =>
  path.includes(PEOPLE) ? "person" : subject;

/** The group at the end of the way, where there is one. */
export function groupAt(condition: unknown, path: Path): TestGroup | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return asGroup(condition);
  if (step === PEOPLE)
    return isPeopleTest(condition) ? groupAt(condition.has_people, rest) : undefined;
  const part = asGroup(condition).parts[step];
  return rest.length > 0 || groupOf(part) ? groupAt(part, rest) : undefined;
}

/** The same condition with one part more in that group. */
export function addTo(condition: unknown, path: Path, part: Fields): Fields {
  const [step, ...rest] = path;
  if (step === PEOPLE && isPeopleTest(condition))
    return { ...condition, has_people: addTo(condition.has_people, rest, part) };
  const { kind, parts } = asGroup(condition);
  const next =
    step === undefined
      ? [...parts, part]
      : parts.map((each, n) => (n === step ? addTo(each, rest, part) : each));
  return groupFrom(kind, next);
}

/** Whether there is a group inside the one at the top. */
export const hasInnerGroups = (condition: unknown): boolean =>
  asGroup(condition).parts.some((part) => groupOf(part) !== undefined || isPeopleTest(part));

/** What a new group inside one of this kind begins as: the kind that says something else. */
export const innerGroup = (kind: GroupKind): Fields => (kind === "all" ? { any: [] } : { all: [] });

const isPeopleTest = (part: unknown): part is Fields => isRecord(part) && PEOPLE in part;
