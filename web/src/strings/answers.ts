// The words of the answers to text messages that somebody shall look at.
const number = new Intl.NumberFormat();
const answers_ = (n: number) => `${number.format(n)} ${n === 1 ? "answer" : "answers"}`;

export const answers = {
  tab: "Answers to texts",
  some: (n: number) => `Answers to texts (${number.format(n)})`,
  hint: "A stop that was understood from a sentence holds at once. Look whether it was meant; if not, set the consent on the person’s page.",
  search: "Search by words, name or address",
  state: "Which answers",
  states: { open: "To look at", done: "Looked at" },
  columns: {
    person: "Person",
    text: "What they wrote",
    answered: "In answer to",
    at: "When",
    doneBy: "Looked at by",
    doneAt: "Looked at",
    actions: "Settle",
  },
  done: "Done",
  doneNamed: (person: string) => `Done: ${person}`,
  reopen: "Open again",
  reopenNamed: (person: string) => `Open again: ${person}`,
  settled: (n: number) => `${answers_(n)} looked at`,
  reopened: (n: number) => `${answers_(n)} to look at again`,
  unknown: "Not known",
  byHand: "sent by hand",
  empty: "No answers to look at",
  emptyHint:
    "What somebody writes back that was taken for a stop, without being the word alone, waits here.",
  emptyDone: "Nobody has looked at an answer yet",
  emptyDoneHint: "Answers that are done stay here as long as their activities are kept.",
};
