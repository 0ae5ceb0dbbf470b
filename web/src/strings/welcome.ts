// The words of the first steps, and of the journeys that are ready to begin with.

export const welcome = {
  title: "Welcome to Caravan",
  lead: "Five steps to a journey that runs. Each can be changed later.",
  open: "First steps",
  done: "Done",
  change: "Change",
  steps: {
    organisation: {
      title: "Who you are",
      hint: "Your name and postal address stand at the foot of every email, as the law asks.",
      name: "Organisation",
      address: "Postal address",
      zone: "Time zone",
      save: "Save",
      is: (name: string) => name,
    },
    mail: {
      title: "How mail leaves",
      hint: "An SMTP server of yours. Nothing is sent before a journey is published.",
      host: "Server",
      port: "Port",
      security: "Encryption",
      securities: {
        starttls: "STARTTLS (usual on port 587)",
        tls: "TLS from the beginning (usual on port 465)",
        none: "None (a server on this machine)",
      },
      user: "User name",
      userHint: "Left empty: the server asks for none.",
      password: "Password",
      passwordHint: "Stored encrypted, and never shown again.",
      passwordKept: "Left empty: it stays as it is.",
      fromName: "Sender's name",
      fromEmail: "Sender's address",
      save: "Save and try",
      saved: (name: string) => `Mail leaves by ${name}.`,
      kept: "It is saved, but the server did not take it:",
    },
    people: {
      title: "Whom you market to",
      hint: "Companies and the people who work there, from CSV files. Or take invented ones to look around: their addresses end in .example and reach nobody.",
      import: "Import accounts",
      sample: "Take 60 sample companies",
      there: (accounts: string, people: string) => `${accounts} accounts and ${people} people.`,
    },
    journey: {
      title: "Your first journey",
      hint: "Choose one that is ready, with its list and its emails. It opens on its map, as a draft that you can change.",
      use: "Use this",
      namedUse: (name: string) => `Use this: ${name}`,
      scratch: "or draw one from nothing",
      first: "Say how mail leaves first: these journeys send email.",
      there: (n: string) => `${n} drawn.`,
    },
    publish: {
      title: "Publish it",
      hint: "Publishing shows who would enter and which messages would be sent, before anything happens.",
      open: (name: string) => `Open ${name}`,
      live: (n: string) => `${n} running.`,
      none: "Draw a journey first.",
    },
  },
  finished: "A journey is running. This page has done its work.",
  toJourneys: "Go to journeys",
  templates: {
    welcome: {
      name: "Welcome new accounts",
      about:
        "A first email to everybody at an account, five days to click, a second try for those who did not.",
      shape: ["Email", "Wait for a click", "Email", "Wait"],
    },
    by_size: {
      name: "Different words by company size",
      about:
        "Large companies get one email; for all others two variants are tried against each other.",
      shape: ["Split by size", "A/B test", "Email", "Wait"],
    },
    buyers: {
      name: "Reach whole buying groups",
      about:
        "Finds who decides at each account by job title, and writes to deciders and to everybody else.",
      shape: ["Buying groups", "Split", "Split by people", "Email"],
    },
  } as Record<string, { name: string; about: string; shape: string[] }>,
};
