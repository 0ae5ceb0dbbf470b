// The words of the condition builder.
import type { GroupKind, Operator } from "../conditions/operators";
import type { TestKey } from "../conditions/tests";

export const conditions = {
  make: "Add a condition",
  edit: "Edit condition",
  editNamed: (label: string) => `Edit the condition: ${label}`,
  clear: "Clear",
  done: "Done",
  preview: {
    label: "Who matches now",
    entering: {
      account: "Of all accounts, as if each entered the journey now.",
      person: "Of all people, as if each entered the journey now.",
    },
    match: (n: number, subject: "account" | "person") =>
      subject === "account"
        ? n === 1
          ? "account matches"
          : "accounts match"
        : n === 1
          ? "person matches"
          : "people match",
    sample: "Some of them",
    whyNot: { account: "Why not this account?", person: "Why not this person?" },
    search: "Search by name",
    holds: "It matches.",
    fails: "It does not match.",
    saw: (what: string) => `saw: ${what}`,
  },
  autoSaved: "Everything here is kept as you make it.",
  logic: "Filter logic",
  kinds: { all: "Apply all", any: "Apply any", not: "Apply none" } as Record<GroupKind, string>,
  groups: {
    all: "All of these must hold",
    any: "One of these must hold",
    not: "None of these may hold",
  } as Record<GroupKind, string>,
  joints: { all: "and", any: "or", not: "nor" } as Record<GroupKind, string>,
  addGroup: "Add a group",
  removeGroup: "Remove the group",
  fold: (n: number, title: string) => `Show filter ${n} whole: ${title}`,
  removeTest: (title: string) => `Remove ${title}`,
  emptyTop:
    "Nothing is asked yet, so everybody matches. Click an attribute at the left, or drag it here.",
  emptyGroup:
    "Nothing is asked here yet. Choose Add here, then an attribute at the left, or drag one here.",
  addHere: "Add here",
  addHereHint: "What is clicked at the left comes into this group",
  addsTo: (group: string) => `A click adds to: ${group}`,
  refused: {
    account:
      "This group asks about accounts, and that filter is about people. Put it into the people of Has matching people.",
    person:
      "This group asks about people, and that filter is about accounts. Put it into the group around it, or choose Add here on this one: then filters of people stand at the left.",
  },
  filters: { account: "Account filters", person: "People filters" },
  searchAttributes: "Search attributes and filters",
  nothing: "Nothing is called like that.",
  folders: {
    attributes: { account: "Account attributes", person: "People attributes" },
    special: "Special filters",
    history: "Event history",
  },
  tests: {
    account: "Account attribute",
    person: "Person attribute",
    score: "Score",
    persona: "Fits a persona",
    derived_persona: "Fits this persona best",
    in_account_list: "Member of an account list",
    in_people_list: "Member of a people list",
    in_external_audience: "Member of an external audience",
    role_in_account: "Role in the account",
    buying_group: "Has a buying group",
    member_of_buying_group: "Member of a buying group",
    has_people: "Has matching people",
    has: "Has a record of a custom object",
    did: "Did",
    did_not: "Did not",
  } as Record<TestKey, string>,
  unreadable: "A test that this app cannot show",
  operator: "Operator",
  addCheck: "Add constraint",
  removeCheck: (operator: string) => `Remove the constraint: ${operator}`,
  operators: {
    is: "is",
    is_not: "is not",
    starts_with: "starts with",
    not_starts_with: "does not start with",
    contains: "contains",
    not_contains: "does not contain",
    is_empty: "is empty",
    is_not_empty: "is not empty",
    at_least: "is at least",
    greater_than: "is greater than",
    at_most: "is at most",
    less_than: "is less than",
    between: "is between",
    before: "is before",
    after: "is after",
    on: "is on",
    in_past: "is in the past",
  } as Record<Operator, string>,
  value: "Value",
  from: "From",
  to: "To",
  anyOf: "Any of …",
  roles: "Roles",
  role: "Role",
  addRole: "Number of people in a role",
  object: "Custom object",
  missingObject: (key: string) => `${key} (there is no such object)`,
  interest: "Solution interest",
  facts: {
    role: "Role",
    stage: "Stage",
    status: "Status",
    completeness: "Completeness score",
    engagement: "Engagement score",
  },
  removed: "Was removed from it",
  atLeast: "At least",
  atLeastPeople: "At least this many people",
  atMostPeople: "At most this many people",
  peopleWho: "… who meet this:",
  addPeopleTest: "Add a filter of people",
  hasNot: "Did not do this",
  atLeastTimes: "Minimum number of times",
  within: "Within the last",
  sinceEntry: "Only since entering this journey",
  addConstraint: "Add a constraint",
  words: {
    and: "and",
    or: "or",
    not: (what: string) => `not (${what})`,
    everything: "everything",
    nothing: "nothing",
    more: (n: number) => `${n} more`,
    score: (name: string) => `Score ${name}`,
    inList: (lists: string) => `in list ${lists}`,
    inExternalAudience: (audiences: string) => `in external audience ${audiences}`,
    persona: (personas: string) => `persona is ${personas}`,
    derivedPersona: (personas: string) => `persona that fits best is ${personas}`,
    role: (roles: string) => `role in the account is ${roles}`,
    hasGroup: "has a buying group",
    inGroup: "is in a buying group",
    leftGroup: "was removed from a buying group",
    for: (interests: string) => `for ${interests}`,
    whose: (what: string) => `whose ${what}`,
    where: (what: string) => `where ${what}`,
    roles: (n: number, role: string) => `at least ${n} × ${role}`,
    has: (object: string) => `has ${object}`,
    hasPeople: (least: number, most: number | undefined, who: string) =>
      `has ${manyPeople(least, most)} where ${who}`,
    did: "did",
    didNot: "did not",
    times: (n: number) => `at least ${n} times`,
    within: (duration: string) => `within ${duration}`,
    sinceEntry: "since journey entry",
  },
};

function manyPeople(least: number, most: number | undefined): string {
  if (most === undefined) return least === 1 ? "somebody" : `at least ${least} people`;
  if (least > 0) return `${least} to ${most} people`;
  return most === 0 ? "no person" : `at most ${most} people`;
}
