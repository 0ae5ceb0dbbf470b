// The words of the list of journeys, and of one journey: its life, its versions, its review.

const number = new Intl.NumberFormat();
const list = new Intl.ListFormat();
const count = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;

export const journeys = {
  title: "Journeys",
  empty: "No journeys yet",
  emptyHint:
    "A journey takes accounts or people through waits, splits and actions. Begin with one that is ready, or draw your own.",
  create: {
    button: "Create journey",
    title: "Create journey",
    name: "Name",
    subject: "Who travels",
    account: "Accounts",
    accountHint: "The account moves; its people are acted on along the way.",
    person: "People",
    personHint: "Each person moves alone.",
  },
  columns: {
    name: "Name",
    subject: "Kind",
    state: "State",
    entered: "Entered",
    active: "Inside",
    completed: "Completed",
    updated: "Updated",
    updatedBy: "Updated by",
    published: "Published",
    publishedBy: "Published by",
    end: "End",
  },
};

export const journey = {
  back: "Back to journeys",
  version: (version: number) => `Version ${version}`,
  unpublished: "Not published",
  ends: (when: string) => `Ends on ${when}`,
  ended: (when: string) => `Ended on ${when}`,
  live: "Counts are live",
  polling: "Counts refresh every few seconds",
  tabs: {
    map: "Journey map",
    overview: "Overview",
    travellers: "Travellers",
    simulate: "Simulate",
    history: "History",
    problems: "Problems",
  },
  actions: {
    publish: "Publish",
    pause: "Pause",
    resume: "Resume",
    close: "Close",
    abort: "Abort",
    cancel: "Keep as it is",
    more: "More",
    edit: "Edit",
    reentry: "Re-entry …",
    tokens: "My tokens …",
    moveEnd: "Move the end date …",
    duplicate: "Duplicate",
    delete: "Delete",
  },
  publishReason: (n: number) => `${count(n, "error stands", "errors stand")} in the way`,
  publish: {
    title: "Publish this journey",
    titleVersion: "Publish the next version",
    schedule: "Schedule",
    review: "Review",
    when: "When it starts",
    now: "Immediately",
    onDate: "On a date",
    start: "Start",
    end: "End",
    endHint: "Nobody enters after it, and everyone inside is ended. At most three years away.",
    next: "Next",
    back: "Back",
    errors: "This has to be put right first",
    warnings: "Allowed, but perhaps not meant",
    running: "Running the first day on a copy of your data …",
    firstDay: "In the first 24 hours",
    entering: "Who would enter now",
    enter: "would enter",
    with: (people: number) => `${count(people, "person comes", "people come")} with them`,
    not: (n: string, reason: string) => `${n} may not enter: ${reason}`,
    stay: (n: string, version: number) => `${n} inside stay on version ${number.format(version)}`,
    atMost: (n: string) => `At most ${n} messages in their first 24 hours.`,
    noMessages: "No message would be sent.",
    messages: (n: string, email: string) => `${n} × ${email}`,
    until: (when: string) => `Run on a copy of your data until ${when}; nothing was sent.`,
  },
  delete: {
    title: "Delete this journey?",
    text: "Its map, its figures and its trips go with it. This cannot be undone.",
  },
  duplicate: {
    title: "Duplicate this journey",
    name: "Name of the copy",
    what: "What is copied",
    modes: {
      partial: {
        label: "The journey with its settings",
        hint: "Everything but the emails and texts that were made inside it.",
      },
      structure: {
        label: "Nodes and paths only",
        hint: "Settings are blank, and every wait is five days.",
      },
    },
    copyOf: (name: string) => `${name} copy`.slice(0, 100),
  },
  reentry: {
    title: "Re-entry",
    once: "Everybody enters this journey once.",
    again: (delay: string, from: string, limit: number) =>
      `Whoever was inside may enter again ${delay} after ${from}, ${count(limit, "entry", "entries")} in all.`,
    fixed: "It is decided before publishing; a next version may decide it anew.",
    close: "Close",
  },
  tokens: {
    title: "My tokens",
    none: "This journey has no values of its own.",
    fixed: "They were published with the journey; a next version may change them.",
  },
  moveEnd: {
    title: "Move the end date",
    end: "End",
    move: "Move",
    done: "The end date is moved",
  },
  confirm: {
    pause: {
      title: "Pause this journey?",
      text: "Nobody moves and nothing is sent until you resume. Events keep arriving and count.",
    },
    resume: {
      title: "Resume this journey?",
      text: "Waits that came due while it was paused are due at once.",
    },
    close: {
      title: "Close to new entries?",
      text: "Nobody enters any more; whoever is inside goes on to the end. It cannot be opened again.",
    },
    abort: {
      title: "Abort this journey?",
      text: "Every traveller stops where it stands at once. This cannot be undone.",
    },
  },
  fed: (journey: string, nodes: string[]) =>
    `The journey ${journey} sends travellers here, at ${list.format(nodes)}.`,
  fedInVain: "From then on that does nothing but count as “target not live”.",
  done: {
    publish: "The journey is published",
    pause: "The journey is paused",
    resume: "The journey goes on",
    close: "The journey is closed to new entries",
    abort: "The journey is aborted",
  },
  findings: (n: number) => `${count(n, "thing stands", "things stand")} in the way of publishing`,
};
