// The words of a journey's versions.
const number = new Intl.NumberFormat();

export const history = {
  from: "Compare",
  to: "With",
  version: (n: number, when: string) => `Version ${number.format(n)} · ${when}`,
  draft: "The draft",
  publishedBy: (who: string, live: boolean) =>
    live ? `Published by ${who}; new travellers take it` : `Published by ${who}`,
  differences: "What differs",
  count: (n: number) =>
    n === 1
      ? "One thing differs"
      : n === 0
        ? "Nothing differs"
        : `${number.format(n)} things differ`,
  same: "The two say the same.",
  legend: "Colours on the map",
  marks: { added: "Added", changed: "Changed", removed: "Removed" },
  empty: "No version yet",
  emptyHint:
    "Every publishing keeps a numbered version that never changes. They are compared here.",
};
