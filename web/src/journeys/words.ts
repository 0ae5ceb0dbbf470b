// Codes of the API as words; a code the catalogue does not know is still readable.
import { humanise } from "../shell/format";
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

/** A path by its label; those that every split or wait may have by their own word. */
export const pathWord = (label: string) =>
  Object.hasOwn(strings.paths, label) ? (strings.paths[label] ?? label) : label;
