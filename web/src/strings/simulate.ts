// The words of the simulation.
const number = new Intl.NumberFormat();

export const simulate = {
  from: "From",
  until: "Until",
  follow: "Follow one traveller",
  followHint: "Search by name",
  run: "Run",
  running: "Running on a copy of your data. Nothing is sent.",
  empty: "See what this journey would do",
  emptyHint:
    "Pick a period and run it: the real runtime goes through it in seconds, on a copy of your data, and nothing is sent.",
  results: "What would happen",
  ranUntil: (when: string) => `Virtual time ran until ${when}.`,
  messages: "Messages",
  noMessages: "No message would be sent.",
  sent: (n: string) => `${n} sent`,
  textMessage: (key: string) => `Text message ${key}`,
  effects: "Other effects",
  timelineOf: (key: string) => `The way of ${key}`,
  arrived: "Arrived",
  node: "Node",
  problems: (n: number) =>
    n === 1
      ? "One trip failed by a fault of Caravan."
      : `${number.format(n)} trips failed by a fault of Caravan.`,
};
