// The words of the pages on connections, services and webhooks.

export const systems = {
  title: "Connection",
  type: "Type",
  unknownType: "Nothing in this version acts on a connection of this type.",
  health: "Health",
  standings: {
    healthy: "Works",
    failing: "Does not work",
    untested: "Not tried yet",
    paused: "Paused",
    switched_off: "Switched off",
  },
  standing: "Health",
  lastSuccess: "Last worked",
  lastError: "Last failed",
  never: "Never",
  waiting: "Waiting to leave",
  pausedText: "Nothing leaves through it until it is resumed. What is to leave waits in its order.",
  switchedOffText:
    "It failed for so long that it was switched off. Resuming it switches it on again.",
  test: "Test",
  ping: "Send a ping",
  saveFirst: "Save first: what is saved is tested.",
  pause: "Pause",
  resume: "Resume",
  usedBy: "Used by",
  unused: "Nothing names it; it can be deleted.",
  secret: {
    title: "Secrets",
    there: "Set",
    missing: "Missing",
    notSet: "Not set",
    set: "Set",
    replace: "Replace",
    forget: "Forget",
    setNamed: (name: string) => `Set the secret ${name}`,
    forgetNamed: (name: string) => `Forget the secret ${name}`,
    stored: (when: string, by: string) => `Kept encrypted since ${when}, set by ${by}`,
    environment: (name: string) => `From the environment variable ${name}`,
    file: (path: string) => `From the file ${path}`,
    ends: (when: string) => `Replaced; still holds until ${when}`,
    setTitle: (name: string) => `Set: ${name}`,
    value: "New value",
    valueHint: "Kept encrypted in place of the one before; it is never shown again.",
    kept: "The secret is set",
    forgetTitle: (name: string) => `Forget: ${name}`,
    forgetText:
      "What is kept is deleted. Where the manifest names an environment variable or a file, that holds again.",
    forgotten: "The secret is forgotten",
  },
  signing: {
    make: "Make a new secret",
    makeText:
      "The new one is shown once, right after this: hand it to whoever receives the messages. The former one signs beside it for a day, so that receivers change over when they like.",
    made: (webhook: string) => `Signing secret of ${webhook}`,
    former: (when: string) => `The former secret signs too until ${when}.`,
  },
  log: {
    title: "Messages",
    columns: {
      what: "Message",
      happened: "Happened",
      state: "State",
      answer: "Answer",
      attempts: "Tries",
      next: "Next try",
      decided: "Settled",
    },
    states: {
      waiting: "Waits",
      delivered: "Delivered",
      failed: "Failed",
      skipped: "Given up",
    } as Record<string, string>,
    none: "No message yet",
    noneHint:
      "Activities that happen from now on are told here, with what the receiver answered. Send a ping to see that it is reached.",
    again: "Send again",
    againNamed: (id: string) => `Send ${id} again`,
    allFailed: "Send all failed again",
    queued: (n: number) =>
      n === 0
        ? "None had failed"
        : n === 1
          ? "The message is queued again"
          : `${n} messages are queued again`,
  },
  service: {
    title: "Service",
    register: "Register",
    again: "Read again",
    registered: (title: string) => `${title} is registered: journeys can call it`,
    notYet:
      "It is not registered yet. Set its secrets, then register it: its document is read, and journeys can call it from then on.",
    takes: "What each node may set",
    takesNothing: "Nothing but what it is always told.",
    answers: "What paths can be chosen by",
    answersNothing: "Its answers choose no path.",
    required: "required",
  },
};
