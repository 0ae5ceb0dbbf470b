// The words of administration.

export const admin = {
  title: "Administration",
  tabs: {
    fields: "Attributes",
    suppressions: "Do not write to",
    delivery: "Delivery",
  },
  hold: {
    title: "Outgoing messages",
    held: "Everything that would leave is held. Messages stay queued; nothing is lost.",
    open: "Messages leave as journeys send them.",
    hold: "Hold all outgoing",
    release: "Let them go",
  },
  settings: "Open the organisation's settings",
  fields: {
    subject: "Whose attributes",
    account: "Accounts",
    person: "People",
    count: (managed: number, most: number, updatable: number) =>
      `${managed} of at most ${most} are managed, ${updatable} may be written by journeys.`,
    columns: {
      label: "Attribute",
      key: "Key",
      type: "Type",
      managed: "Managed",
      updatable: "Updatable",
      usedBy: "Used by",
    },
    managedHint: "Conditions, journeys and personalisation see it.",
    alwaysManaged: "It is needed everywhere and stays managed.",
    updatableHint: "Journeys may write it.",
    neverUpdatable: "Imports and the people concerned alone write it, never journeys.",
    saved: "The attribute is changed",
    own: "your own",
    used: (n: number) => `${n} ${n === 1 ? "definition" : "definitions"}`,
  },
  suppressions: {
    search: "Search by address",
    empty: "No address is kept out",
    emptyHint:
      "Addresses that bounced for good, opted out or were put here by hand get no messages.",
    add: "Add an address",
    address: "Email address or phone number",
    addressHint: "Phone numbers with their country code: +49 …",
    reason: "Reason",
    lift: "Let it be written to again",
    columns: { address: "Address", reason: "Reason", source: "Source", added: "Since" },
  },
  dns: {
    title: "Records for the DNS",
    hint: "Put these at your DNS provider. What stands in angle brackets is yours to fill in.",
    copy: "Copy",
    copied: "Copied",
    name: "Name",
    type: "Type",
    value: "Value",
    unsaved: "Save first: the records follow what is saved.",
  },
  runs: {
    title: "Files taken in",
    none: "No file was taken in from here yet.",
    columns: { file: "File", kind: "Kind", state: "State", started: "Begun", rows: "Rows" },
  },
};
