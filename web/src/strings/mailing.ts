// The words of an email that somebody sends by hand.
const number = new Intl.NumberFormat();

export const mailing = {
  button: "Send email",
  toEveryone: "Email everyone",
  everyone: (account: string) => `everyone at ${account}`,
  people: (people: number) => (people === 1 ? "one person" : `${number.format(people)} people`),
  title: (whom: string) => `Email to ${whom}`,
  tooMany: (most: number) => `At most ${number.format(most)} at once`,
  email: "Email",
  hint: "It leaves as an email of a journey does: consent, addresses not written to, limits and quiet hours count, and it stands on everybody's timeline.",
  send: "Send",
  sent: (emails: number) =>
    emails === 1 ? "One email is on its way" : `${number.format(emails)} emails are on their way`,
  leaves: "What becomes of each stands on the person's timeline.",
  refused: (people: number) =>
    people === 1 ? "One person gets none" : `${number.format(people)} people get none`,
  more: (people: number) => (people === 1 ? "One more" : `${number.format(people)} more`),
  done: "Done",
};
