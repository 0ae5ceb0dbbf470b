// The server's findings as the forms need them.
import type { Finding } from "../api/problem";
import { strings } from "../strings";

/** What forms say in words of their own: the field that it is about stands above. */
const OWN: Record<string, string> = { missing_field: strings.forms.wrong.fillIn };

/** The first sentence for each place, below `under` if that is given. */
export function errorsOf(findings: readonly Finding[], under = ""): Map<string, string> {
  const errors = new Map<string, string>();
  for (const { code, pointer, message } of findings) {
    if (typeof pointer !== "string" || !pointer.startsWith(under)) continue;
    const at = pointer.slice(under.length);
    if (!errors.has(at)) errors.set(at, OWN[code] ?? quoted(message));
  }
  return errors;
}

/** Below a field there is no room for code: what the server sets so stands in quotation marks. */
const quoted = (message: string) => message.replace(/`([^`]*)`/g, "“$1”");
