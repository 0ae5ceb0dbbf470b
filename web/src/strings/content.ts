// The words of the editors of emails and text messages.
const number = new Intl.NumberFormat();

export const content = {
  madeOf: {
    title: "Emails made of this",
    none: "None yet. Emails begin as a template is and go their own way from then on.",
  },
  insert: "Insert a field",
  search: "Search fields",
  groups: { person: "Person", account: "Account", system: "Message", my: "Values of the journey" },
  records: {
    group: (object: string) => `Records: ${object}`,
    each: (object: string) => `Every ${object}, one after another`,
    count: (object: string) => `How many ${object}`,
    newest: (field: string) => `${field} of the newest`,
  },
  myHint: "Choose a journey in the preview to insert its values.",
  unsubscribe: "Address for opting out",
  sms: {
    title: "Text",
    segments: (n: number) => `${number.format(n)} ${n === 1 ? "segment" : "segments"}`,
    segmentsWithout: (n: number) =>
      `${number.format(n)} ${n === 1 ? "segment" : "segments"} without the fields`,
    length: (n: number, room: number) => `${number.format(n)} of ${number.format(room)} characters`,
    unicode: (sign: string) =>
      `“${sign}” is outside the phone alphabet, which makes segments shorter`,
    longest: (n: number, people: number) =>
      `With the longest fields of the latest ${number.format(people)} people: ${n === 1 ? "1 segment" : `${number.format(n)} segments`}`,
    tooLong: (n: number) =>
      `With the longest fields it has ${number.format(n)} characters; more than 1,600 are not sent.`,
    because: (field: string, value: string) => `${field}: ${value}`,
    plain: (n: number) =>
      `Use plain signs: ${n === 1 ? "1 segment" : `${number.format(n)} segments`}`,
    preview: "On the phone",
    previewHint: "Links are shortened here to codes of the same length as those that are sent.",
    alphabet: { "GSM-7": "Phone alphabet", "UCS-2": "Unicode" } as Record<string, string>,
  },
  email: {
    title: "Content",
    views: {
      design: "Design",
      code: "Code",
      preview: "Preview",
      links: "Links",
    },
    alerts: (n: number) => `${number.format(n)} ${n === 1 ? "alert" : "alerts"}`,
    noAlerts: "No alerts",
    alertsTitle: "What is worth a look",
    alertError: "Stands in the way",
    alertWarning: "Worth a look",
    line: (n: number) => `line ${n}`,
    view: "How to write the content",
    loading: "Opening the designer …",
    designer: "Email designer",
    code: { mjml: "MJML", html: "HTML" },
    tag: "Part of the template",
    blocks: "Blocks",
    properties: "Properties",
    side: "What stands beside the email",
    desktop: "Desktop",
    phone: "Phone",
    plainText: "Plain text",
    device: "Screen",
    broken: "This MJML cannot be opened in the designer. Put it right as code first.",
    chooseText: "Double-click a text to write in it; a field is inserted where you write.",
  },
  viewer: {
    person: "As whom",
    nobody: "As nobody in particular",
    journey: "With the values of a journey",
    noJourney: "Without a journey",
    needed: (n: number) =>
      n === 1
        ? "A journey gives this value; none is chosen, so it is empty here"
        : "A journey gives these values; none is chosen, so they are empty here",
    choose: "Choose a journey",
  },
  preview: {
    dark: "Dark",
    proof: "Send proof",
    spam: "Spam report",
    subject: "Subject",
    from: "From",
    replyTo: "Answers to",
    copies: "Copies to",
    sender: "the connection's sender",
    size: "Size",
    missing: "Empty for this person, and without a text to take its place",
    conditions: "Conditions",
    forced: (name: string) => `${name} (forced)`,
    asItIs: "As it is",
    frame: (subject: string) => `Preview: ${subject}`,
  },
  proof: {
    title: "Send a proof",
    to: "To",
    hint: "At most ten addresses. Consent, limits and figures know nothing of proofs.",
    numbersHint:
      "At most ten numbers with their country code. Consent and figures know nothing of proofs.",
    asFor: (reader: string) => `${reader} gets it as`,
    unsaved: "What was changed and not saved yet is not in the proof.",
    send: "Send",
    sent: (to: string) => `Sent to ${to}`,
    refused: (to: string, why: string) => `Not sent to ${to}: ${why}`,
  },
  links: {
    none: "There is no link in this content.",
    number: "No.",
    label: "What people read",
    target: "Where it leads",
    tracking: "Clicks",
    trackingOf: (link: string) => `How clicks on ${link} are tracked`,
    clicked: "Followed in",
    clicks: "How often",
    trackings: {
      tracked: "Counted",
      with_token: "Counted, and the site learns who comes",
      off: "Not counted",
      never: "Never",
    },
    hint: "Followed in: delivered messages of journeys in which somebody followed the link. A link that says itself how it is tracked (data-track) stays as it says.",
  },
  locks: {
    button: "Lock",
    hint: "Choose a block in the design first.",
    modes: {
      locked: "Locked",
      content: "Only its content may change",
      editable: "May be changed",
    },
    inherited: "As what it lies in",
    mayGo: "Emails may leave it out",
    told: (template: string) =>
      `Made of the template ${template}, which locks parts: they stay as they are.`,
  },
  exporting: {
    button: "Export",
  },
  parts: {
    fragment: "Fragment",
    noFragments: "No fragment is there yet. Make one under Content.",
    conditionTitle: "New condition",
    conditionName: "Name",
    conditionNameHint: "Small letters, digits and _; templates ask for it: condition.NAME.",
    about: "About",
    subjects: { person: "The recipient", account: "The recipient's account" },
    saved: "A saved filter",
    savedHint: "Several emails may use the same one; a published journey keeps it as it was.",
    add: "Add it",
    said: {
      if: (name: string) => `Only if ${name}`,
      elif: (name: string) => `Else, if ${name}`,
      else: () => "For everybody else",
      end: () => "End of what depends",
      fragment: (name: string) => `Fragment ${name}`,
      filled: (name: string, fields: number) =>
        `Fragment ${name} · ${fields === 1 ? "1 field" : `${number.format(fields)} fields`} filled in`,
    },
  },
  beginning: {
    title: "Begin with",
    blank: "An empty frame",
    blankHint: "A greeting, a text, nothing else.",
    template: "Your template",
    copy: "Or begin with a copy of an email …",
    designs: {
      announcement: { name: "Announcement", about: "A heading, a text, one button." },
      newsletter: { name: "Newsletter", about: "Three short pieces, each with its link." },
      letter: { name: "Personal letter", about: "Plain text from one person to another." },
      invitation: { name: "Invitation", about: "What, when, where, and a way to answer." },
    } as Record<string, { name: string; about: string }>,
  },
  older: {
    told: (n: number) =>
      n === 1
        ? "A live journey still sends it in the older form in which it was published."
        : `${number.format(n)} live journeys still send it in the older form in which they were published.`,
    bring: "Bring into live journeys …",
    title: "Bring the change into live journeys",
    what: "A new version of each is published, with nothing else changed:",
    versions: (from: number, to: number) => `version ${number.format(from)} → ${number.format(to)}`,
    stay: "Whoever enters from then on gets the new form. Whoever is inside stays on the version that it has.",
    publish: (n: number) => (n === 1 ? "Publish the new version" : "Publish new versions"),
    done: (n: number) =>
      n === 1 ? "A new version is published" : `${number.format(n)} new versions are published`,
  },
  importing: {
    button: "Import a design",
    title: "Import a design as a template",
    file: "HTML file or zip archive",
    fileHint:
      "An archive holds one HTML page with its style sheets and pictures, 20 MB at most. Pictures are kept here.",
    clear: "Take another file",
    take: "Import",
    made: (pictures: number) =>
      pictures === 0
        ? "The template is there"
        : `The template is there, with ${number.format(pictures)} ${pictures === 1 ? "picture" : "pictures"}`,
    leftOut: "Some of it cannot stand in mail, or is worth a look:",
    open: "Open the template",
  },
};
