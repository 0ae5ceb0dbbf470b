// The words of what is done with accounts and people by hand, and of the records that belong to them.
const number = new Intl.NumberFormat();
const list = new Intl.ListFormat();
const count = (one: string, many: string) => (n: number) =>
  `${number.format(n)} ${n === 1 ? one : many}`;

export const customers = {
  crm: {
    title: "From the CRM",
    looking: "Looking for it",
    kinds: { account: "account", contact: "contact", lead: "lead" } as Record<string, string>,
    nobody: (kind: string, id: string) => `There is no ${kind} with the CRM id ${id} here`,
    nobodyHint: {
      key: "CRM ids are looked for among keys. Either it has not been imported yet, or its CRM id stands in an attribute: the settings say which.",
      attribute: (attribute: string) =>
        `CRM ids are looked for in the attribute \`${attribute}\`. Either it has not been imported yet, or nothing stands in that attribute.`,
    },
    search: { account: "Search accounts", person: "Search people" },
    several: (n: number, id: string) => `${n} have the CRM id ${id}`,
    severalHint: "Choose which one is meant. Merge them where they are the same.",
  },
  merge: {
    open: "Merge …",
    bulk: "Merge",
    bulkHint: "Choose exactly two to merge them",
    title: { account: "Merge two accounts", person: "Merge two people" },
    other: { account: "The other account", person: "The other person" },
    otherHint: (name: string) => `It becomes one with ${name}.`,
    stays: "Which one stays",
    looking: "Looking at what would happen",
    would: "What would happen",
    filled: (attributes: string[]) =>
      `Taken over, because it was empty: ${list.format(attributes)}`,
    kept: (keep: string, attributes: string[]) =>
      `Different, and ${keep}’s own value stays: ${list.format(attributes)}`,
    counts: {
      relations: count("relation goes over", "relations go over"),
      lists: count("list membership is new", "list memberships are new"),
      groups_moved: count("buying group goes over", "buying groups go over"),
      groups_united: count(
        "buying group is united with one of the same solution interest",
        "buying groups are united with those of the same solution interests",
      ),
      members_moved: count("place in a buying group goes over", "places in buying groups go over"),
      members_decided: count(
        "place that both have is decided by the higher source",
        "places that both have are decided by the higher source",
      ),
      scores: count("score is added up", "scores are added up"),
      activities: count("activity goes over", "activities go over"),
      messages: count("message goes over", "messages go over"),
      records: count("record goes over", "records go over"),
      trips_moved: count("trip goes over", "trips go over"),
      trips_ended: count(
        "trip ends as removed, because both are inside the same journey",
        "trips end as removed, because both are inside the same journeys",
      ),
    },
    nothing: (gone: string) => `${gone} has nothing to take over; it is only taken away.`,
    forGood: (gone: string) =>
      `${gone} is gone afterwards, and its key with it. This cannot be undone.`,
    button: "Merge",
    done: (gone: string, keep: string) => `${gone} is merged into ${keep}`,
  },
  records: {
    tab: "Records",
    opportunities: "Opportunities",
    none: "None yet. Add one here, or bring them in with an import.",
    noObjects: "Nothing of this kind yet",
    noObjectsHint:
      "Records say what belongs to a person beside attributes: licences, registrations, purchases. Describe a custom object first.",
    toObjects: "Go to custom objects",
    add: "Add record",
    addTitle: (object: string) => `${object}: add a record`,
    exists: (key: string) => `A record with the key ${key} is there already. Take another key.`,
    removeText: "Conditions and journeys that look at it no longer find it. This cannot be undone.",
    updated: "Updated",
  },
  passedOver: {
    label: "All, passed over or not",
    reasons: {
      account: { no_name: "Passed over: no name" },
      person: {
        no_email: "Passed over: no email",
        test_profile: "Passed over: test profile",
      },
    } as Record<"account" | "person", Record<string, string>>,
  },
};
