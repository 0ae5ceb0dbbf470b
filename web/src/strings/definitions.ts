// The words of the pages on which definitions are listed and written.
const number = new Intl.NumberFormat();

export const definitions = {
  create: (kind: string) => `Create ${kind}`,
  none: (title: string) => `No ${title.charAt(0).toLowerCase()}${title.slice(1)} yet`,
  columns: {
    name: "Name",
    key: "Key",
    type: "Type",
    state: "State",
    description: "Description",
    updated: "Updated",
    updatedBy: "Updated by",
    created: "Made",
    createdBy: "Made by",
    published: "Published",
    publishedBy: "Published by",
  },
  states: { draft: "Draft", live: "Live", archived: "Replaced" } as Record<string, string>,
  members: {
    title: "Members",
    byJourney: (name: string) => `Journey: ${name}`,
    none: "Nobody is on it yet",
    noneHint: {
      static: "Add members here, or let journeys and imports add them.",
      looking: "Journeys, imports and whoever may change its members put them here.",
      dynamic: "Whoever matches its filter appears here a moment after it is published.",
    },
    add: "Add",
    adding: {
      button: { account: "Add accounts", person: "Add people" },
      search: { account: "Accounts", person: "People" },
      searchHint: "Type a part of a name, an address or a key, and choose as many as you like.",
      keys: "Or paste keys",
      keysHint: "One on each line, or separated by commas.",
      submit: (n: number) => (n === 0 ? "Add" : `Add ${number.format(n)}`),
      someUnknown: "The others are on it now. Put these right, or close.",
    },
    remove: "Take out",
    done: "The list is changed",
    unknown: (keys: string[]) => `Nobody has this key: ${keys.join(", ")}`,
    search: "Search by key, name or address",
    noMatchHint: "Search looks for a part of the key, the name or the address.",
    csv: "Download all as CSV",
    columns: { name: "Name", key: "Key", email: "Email", source: "Put there by", added: "Since" },
  },
  settings: "Settings",
  more: "More settings",
  backTo: (list: string) => `Back to ${list.toLowerCase()}`,
  unsaved: "Not saved yet",
  saved: "Saved",
  publish: "Publish",
  publishChanges: "Publish changes",
  saveDraft: "Save as draft",
  onlyToLookAt: (kind: string) =>
    `You may look at this ${kind}, but not change it: your role does not allow that. Ask an administrator.`,
  published: "Published: journeys use it from now on",
  discard: "Discard changes",
  refused: "This has to be put right first",
  changedTitle: "Somebody else changed it meanwhile",
  changedText: "Saving would overwrite that. Take the newer one, then make your change again.",
  takeTheirs: "Take the newer one",
  leaveTitle: "Leave without saving?",
  leaveText: "What you changed here has not been saved.",
  leave: "Leave",
  stay: "Stay",
  copy: { button: "Duplicate", title: (name: string) => `Duplicate: ${name}` },
  oneOnly: (kind: string) =>
    `There is one ${kind} for the whole installation. To make another, delete this one first.`,
  stays: "It stays as it is.",
  locks: {
    roles_template:
      "It is published, and buying groups stand on it: only how many members each role needs may change. For other roles, duplicate it, publish the copy, and make a solution interest on that.",
    stage_model:
      "It is published, and buying groups stand in its stages, so they stay as they are. For other stages, take it from its solution interests, delete it, and publish a new model; groups begin without a stage then.",
    weighting_model:
      "It is in force and stays as it is, so that scores can be compared. For other weights, duplicate it, change the copy and publish that: it takes the place of this one.",
    weighting_model_archived:
      "It gave way to another model and is kept to look at. To use its weights again, duplicate it and publish the copy.",
  } as Record<string, string>,
  remove: "Delete",
  removeTitle: (n: number) => (n === 1 ? "Delete this?" : `Delete these ${n}?`),
  removeText: "This cannot be undone. What a journey or another definition still names is kept.",
  kinds: {
    account_list: {
      title: "Account lists",
      hint: "A static list is filled by hand and by journeys; a dynamic one follows a filter. Journeys take their accounts from a published list.",
    },
    people_list: {
      title: "People lists",
      hint: "People journeys take their people from a published list.",
    },
    audience: {
      title: "Audiences",
      hint: "A saved filter. Whoever matches enters the journeys that follow it, those who match later too.",
    },
    external_audience: {
      title: "External audiences",
      hint: "Audiences that live in an advertising system and that journeys add people to.",
    },
    solution_interest: {
      title: "Solution interests",
      hint: "What an account may want to buy. Each account gets one buying group per interest.",
    },
    roles_template: {
      title: "Roles templates",
      hint: "Which roles a buying group has, in order of priority, and by which filter people get them.",
    },
    stage_model: {
      title: "Stages",
      hint: "The stages of buying groups and the moves between them. An installation has one model.",
    },
    role: {
      title: "Roles",
      hint: "Roles of your own, beside those that every installation has.",
    },
    email: {
      title: "Emails",
      hint: "What journeys send. An email is frozen into a journey when that is published.",
    },
    sms_message: {
      title: "SMS messages",
      hint: "Texts that journeys send to phones. They need a connection to a provider first.",
    },
    email_template: {
      title: "Email templates",
      hint: "What a new email begins with: your frame, colours and footer.",
    },
    fragment: {
      title: "Fragments",
      hint: "Pieces of content that several emails include, such as a footer.",
    },
    connection: {
      title: "Connections",
      hint: "Access to mail servers and other systems. Secrets stay in the environment or in files.",
    },
    sending_domain: {
      title: "Sending domains",
      hint: "Domains that mail is sent from and signed for.",
    },
    attribute: {
      title: "Own attributes",
      hint: "Attributes of accounts and people beside the standard ones.",
    },
    activity_type: {
      title: "Activity types",
      hint: "What people and accounts do, so that journeys can listen for it.",
    },
    custom_object: {
      title: "Custom objects",
      hint: "Records that belong to accounts or people: licences, registrations, purchases.",
    },
    rule_set: {
      title: "Limits and quiet hours",
      hint: "How many messages a person or an account gets, and when none is sent.",
    },
    score: { title: "Scores", hint: "Numbers that journeys add to and take from." },
    weighting_model: {
      title: "Weighting models",
      hint: "What each activity weighs in engagement scores. Until one is published, the usual weights count: events and forms most, pages and opened emails less.",
    },
    persona: { title: "Personas", hint: "Types of people, told by their attributes." },
    access_role: {
      title: "Access roles",
      hint: "Roles of your own for users and API tokens, beside those that every installation has.",
    },
    webhook: { title: "Webhooks", hint: "Addresses that are told what happens." },
    external_action: {
      title: "External actions",
      hint: "Services of your own that journeys call and wait for.",
    },
    destination: {
      title: "Destinations",
      hint: "Places in advertising systems that audiences are sent to.",
    },
    data_flow: {
      title: "Data flows",
      hint: "Accounts, by their buying groups, that a destination is kept in step with.",
    },
    settings: { title: "Settings", hint: "Name, address and time zone of your organisation." },
  } as Record<string, { title: string; hint: string }>,
};
