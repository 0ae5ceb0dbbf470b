// The words of reports about mail (DMARC); loaded with the page of a sending domain.

const number = new Intl.NumberFormat();
const list = new Intl.ListFormat();

export const dmarc = {
  title: "Reports of receivers (DMARC)",
  upload: "Upload a report",
  file: "A report of a receiver: .xml, .xml.gz or .zip",
  span: "Time",
  days: (n: number) => `${n} days`,
  none: "No report about this time has come. They come through the mailbox of bounces of a connection, or are uploaded here.",
  came: (n: number, of: string[], until: string) =>
    `${n === 1 ? "One report" : `${number.format(n)} reports`} of ${list.format(of)}, up to ${until}.`,
  passRate: "Pass",
  dkim: "By signature (DKIM)",
  spf: "By return path (SPF)",
  shortDkim: "DKIM",
  shortSpf: "SPF",
  stopped: "Put aside or refused",
  source: "Address",
  messages: "Messages",
  verdict: "What that says",
  verdicts: {
    both: "Signature and return path are yours.",
    dkim_alone:
      "The signature alone passes: the return path is not of this domain, or does not allow the address.",
    spf_alone:
      "The return path alone passes: it is lost when mail is forwarded. Let it be signed with this domain.",
    neither: "Nothing of it is yours. A system that nobody set up, or a forger.",
    some: "Some of it passes. Often mail that was forwarded; otherwise a system that signs only in part.",
  } as Record<string, string>,
  seen: (from: string[], dkim: string[], spf: string[]) => ({
    from: from.length ? `From ${list.format(from)}` : "",
    dkim: dkim.length ? `Signed by ${list.format(dkim)}` : "Not signed",
    spf: spf.length ? `Return path ${list.format(spf)}` : "",
  }),
  more: (n: number) => (n === 1 ? "One more address." : `${number.format(n)} more addresses.`),
  policy: (policy: string, testing: boolean, at: string) =>
    `As the last receiver found it: ${policy}${testing ? ", in test mode" : ""}, at ${at}.`,
  steps: {
    publish: "Publish a policy",
    wait: "Wait for more reports",
    mend: "Mend what fails",
    tighten: "Ask for more",
    done: "Nothing to do",
  } as Record<string, string>,
  value: "Record",
  test: "In test mode",
  outcomes: {
    kept: (messages: number) => `Taken in: ${number.format(messages)} messages.`,
    known: () => "This report is here already.",
    not_ours: () => "This report tells of no sending domain here.",
    out_of_time: () => "This report is about a time that is not kept.",
  } as Record<string, (messages: number) => string>,
};
