// What a template keeps of an email. No React in here.
import { type Fields, isRecord } from "../editor/manifest";

/** Comments stay with the email that they were made on. */
const withoutPins = (source: string) => source.replaceAll(/\s+data-comment="[^"]*"/g, "");

/** The template that an email makes: what is in it, not how it is sent; locks go on as they are. */
export function templateOf(email: Fields): Fields {
  const content = isRecord(email.body) ? email.body : {};
  const body = Object.fromEntries(
    Object.entries(content).map(([language, source]) => [language, withoutPins(String(source))]),
  );
  const lock = isRecord(email.lock) ? email.lock.lock : undefined;
  const { subject, text, conditions, description } = email;
  const kept = { description, subject, body, text, conditions, lock };
  return Object.fromEntries(Object.entries(kept).filter(([, part]) => part !== undefined));
}
