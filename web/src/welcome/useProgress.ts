// How far an installation has come, told from what it holds.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { accountsQuery, definitionNamesQuery, journeysQuery, peopleQuery } from "../api/queries";
import { rowsOf, totalOf } from "../shell/DataTable";

/** The type of connection that email leaves by. */
export const MAIL_SERVER = "smtp";

export type Step = "organisation" | "mail" | "people" | "journey" | "publish";

export function useProgress() {
  const settings = useQuery(definitionNamesQuery("settings"));
  const connections = useQuery(definitionNamesQuery("connections"));
  const accounts = useInfiniteQuery(accountsQuery(""));
  const people = useInfiniteQuery(peopleQuery(""));
  const journeys = useInfiniteQuery(journeysQuery(""));
  const drawn = rowsOf(journeys);
  const live = drawn.filter(({ state }) => state === "live" || state === "scheduled");
  const connection = connections.data?.items.find(({ type }) => type === MAIL_SERVER);
  const counts = { accounts: totalOf(accounts) ?? 0, people: totalOf(people) ?? 0 };
  const done: Record<Step, boolean> = {
    organisation: (settings.data?.items.length ?? 0) > 0,
    mail: connection !== undefined,
    people: counts.accounts > 0,
    journey: drawn.length > 0,
    publish: live.length > 0,
  };
  const known = ![settings, connections, accounts, journeys].some(({ isPending }) => isPending);
  return { known, done, connection, counts, drawn, live };
}

export type Progress = ReturnType<typeof useProgress>;
