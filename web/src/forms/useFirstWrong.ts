// Leads to the first field that the server refused.
import { useEffect } from "react";

/** Once a refusal has come, the first field below `within` that is marked as wrong is focused. */
export function useFirstWrong(refusal: unknown, within: string) {
  useEffect(() => {
    if (!refusal) return;
    const timer = window.setTimeout(() =>
      document
        .querySelector<HTMLElement>(`${within} :is(input, textarea, select)[aria-invalid=true]`)
        ?.focus(),
    );
    return () => window.clearTimeout(timer);
  }, [refusal, within]);
}
