// Emails by hand: to members of a buying group, to people of an account, to one person.
import { body, client } from "./client";

/** Who gets it. */
export type Addressees =
  | { group: string; people: string[] }
  | { account: string; people: string[] | "everyone" }
  | { person: string };

export function sendEmail(to: Addressees, email: string) {
  if ("group" in to) {
    return body(
      client.POST("/api/v1/buying_groups/{id}/email", {
        params: { path: { id: to.group } },
        body: { email, people: to.people },
      }),
    );
  }
  if ("account" in to) {
    return body(
      client.POST("/api/v1/accounts/{key}/email", {
        params: { path: { key: to.account } },
        body: { email, to: to.people === "everyone" ? to.people : { people: to.people } },
      }),
    );
  }
  return body(
    client.POST("/api/v1/people/{key}/email", {
      params: { path: { key: to.person } },
      body: { email },
    }),
  );
}
export type Mailed = Awaited<ReturnType<typeof sendEmail>>;
