// Codes of the API as words; a code the catalogue does not know is still readable.
import { formatInstant, humanise } from "../shell/format";
import { strings } from "../strings";

const word = (words: Record<string, string>, code: string) =>
  Object.hasOwn(words, code) ? (words[code] ?? code) : humanise(code);

/** How a trip ended, or that it is still inside. */
export const endWord = (code: string | null | undefined) =>
  word(strings.travellerStates, code ?? "ended");

/** What an execution came to. */
export const outcomeWord = (code: string) => word(strings.outcomes, code);

/** A reason code such as `email_missing`, as words. */
export const reasonWord = (code: string) => humanise(code);

/** What holds a message that has not left yet. */
export const heldWord = (reason: string) =>
  strings.held.by[reason] ?? strings.held.byOther(reasonWord(reason).toLowerCase());

/** "12 held by quiet hours, the next go on 2 Dec 2026, 08:00", in the zone of whoever looks. */
export const heldLine = ({
  reason,
  count,
  until,
}: {
  reason: string;
  count: number;
  until?: string | null | undefined;
}) => strings.held.line(count, heldWord(reason), until ? formatInstant(until) : undefined);

/** A path by its label; those that every split or wait may have by their own word. */
export const pathWord = (label: string) =>
  Object.hasOwn(strings.paths, label) ? (strings.paths[label] ?? label) : label;
