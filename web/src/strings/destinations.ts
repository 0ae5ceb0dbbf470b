// The words of the pages on destinations, data flows and external audiences.
const number = new Intl.NumberFormat();

export const destinations = {
  title: "Where it is",
  destination: "Destination",
  connection: "Connection",
  connectionHint: "The system that is told. What can be set depends on its type.",
  takes: {
    accounts: (system: string) => `${system}. It takes accounts, from journeys and data flows.`,
    people: (system: string) => `${system}. It takes people, from external audiences.`,
  },
  chooseFirst: "Choose a connection first: what can be set depends on it.",
  test: {
    title: "Health",
    button: "Test",
    saveFirst: "Save first: what is saved is tested.",
  },
  audiences: {
    title: "Audiences there",
    refresh: "Ask now",
    none: "No audience yet",
    noneHint:
      "The first account that a journey activates, or a data flow, makes one. Nothing has to be made in the other system.",
    columns: {
      name: "Audience",
      kept: "Kept by",
      state: "State there",
      accounts: "Accounts",
      waiting: "Waiting",
      refused: "Refused",
      size: "Members reached",
      asked: "Asked",
    },
    journeys: "Journeys",
    notAsked: "Not asked yet",
    usable: "Campaigns may use it.",
    unusable: "Campaigns cannot use it.",
    minimum: (least: number) => `of ${number.format(least)} needed`,
    below: (least: number) =>
      `Fewer than ${number.format(least)} members: campaigns do not show ads to it yet. Members are people, not accounts; the first build takes up to two days.`,
  },
  flows: {
    there: "Its audience there",
    notYet: "It has no audience yet. A published flow is compared every quarter of an hour.",
    draft: "It does nothing until it is published. From then on its filter stays as it is.",
  },
  usedBy: {
    title: "Used by",
    nobody: "Nothing names it; it can be deleted.",
    noJourney: "No journey puts people into it; hands may.",
  },
  standing: {
    title: "At its destinations",
    nobody: "It is handed to nobody",
    nobodyHint:
      "People are put into it, and no system is told of them. Name a destination in its settings.",
    former: "No longer handed to it; these people stand there still.",
    there: "There",
    pending: "On the way",
    leftOut: "Left out",
    failed: "Refused",
    inDoubt: "In doubt",
    changed: "Last changed",
    never: "Never",
  },
};
