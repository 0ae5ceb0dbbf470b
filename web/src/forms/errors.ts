// The server's findings as the forms need them.
import type { Finding } from "../api/problem";

/** The first sentence for each place, below `under` if that is given. */
export function errorsOf(findings: readonly Finding[], under = ""): Map<string, string> {
  const errors = new Map<string, string>();
  for (const { pointer, message } of findings) {
    if (typeof pointer !== "string" || !pointer.startsWith(under)) continue;
    const at = pointer.slice(under.length);
    if (!errors.has(at)) errors.set(at, message);
  }
  return errors;
}
