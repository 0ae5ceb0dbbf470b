// Which connection this tab asked a consent for: the way back when what comes back says nothing.
const KEPT = "caravan.consent";

export const remember = (connection: string) => sessionStorage.setItem(KEPT, connection);
export const remembered = () => sessionStorage.getItem(KEPT) ?? undefined;

export type Returned = {
  state: string;
  code: string | null;
  error: string | null;
  error_description: string | null;
};

/** What another system's page sent back, as it stands in the address: texts, also where they look like numbers. */
export function returnedIn(search: string): Returned {
  const sent = new URLSearchParams(search);
  return {
    state: sent.get("state") ?? "",
    code: sent.get("code"),
    error: sent.get("error"),
    error_description: sent.get("error_description"),
  };
}
