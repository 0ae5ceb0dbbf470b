// The words of the dashboards.
export const dashboards = {
  title: "Dashboards",
  tabs: { journeys: "Journeys", messages: "Email performance", groups: "Buying groups" },
  journeys: {
    chart: "Where travellers are",
    hint: "Of each journey: who is inside and who completed it.",
    inside: "Inside",
    completed: "Completed",
    ended: "Ended early",
    empty: "No journey has run yet",
    emptyHint: "Figures appear here once a journey is published and somebody entered.",
  },
  messages: {
    chart: "Delivered, opened and clicked",
    since: "Sent since",
    ranges: { "7": "7 days", "30": "30 days", "90": "90 days", all: "All time" } as Record<
      string,
      string
    >,
    empty: "No message was sent yet",
    emptyHint: "Sent, opened and clicked messages are counted here for each email and text.",
    columns: {
      message: "Message",
      channel: "Channel",
      sent: "Sent",
      delivered: "Delivered",
      opened: "Opened",
      clicked: "Clicked",
      bounced: "Bounced",
      unsubscribes: "Opted out",
      deliveryRate: "Delivery rate",
      openRate: "Open rate",
      clickRate: "Click rate",
    },
  },
  groups: {
    stages: "Groups by stage",
    completeness: "Groups by completeness",
    groups: "Groups",
    noStage: "No stage",
    band: (from: number, to: number) => `${from}–${to} %`,
    first: (n: number) => `Of the first ${n} groups.`,
    open: "Browse buying groups",
  },
};
