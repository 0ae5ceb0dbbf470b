// The words of spam reports; loaded when one is asked for.

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

export const spam = {
  title: "Spam report",
  again: "Judge it again",
  score: (score: number, threshold: number) =>
    `${number.format(score)} points; spam from ${number.format(threshold)} on.`,
  worrying:
    "More than five points: mail like this may be kept from people. Change what counts most.",
  good: "Nothing to worry about. Aim for less than two.",
  by: {
    spamassassin: "Judged by the connection's SpamAssassin.",
    rspamd: "Judged by the connection's Rspamd.",
    caravan:
      "Judged by a few rules and points of our own, because the connection names no spam filter. Filters also judge the sender's reputation; name one of yours in the settings of the connection to ask it.",
  } as Record<string, string>,
  failed: "The filter did not judge; rules of our own did.",
  none: "No rule spoke.",
  points: "Points",
  rule: "Rule",
  point: (points: number) => number.format(points),
};
