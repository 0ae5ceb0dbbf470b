// The pages that somebody opened last, kept in their browser under their own name: nobody else who signs in there sees them, and
// signing out forgets them.
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { sessionQuery } from "../api/queries";

export type Opened = {
  /** What it is, as the API calls it: `account`, `email`. */
  kind: string;
  title: string;
  /** The address of its page. */
  to: string;
};

/** As many are kept. */
export const MOST_RECENT = 15;
const placeOf = (user: string) => `caravan-recent:${user}`;

const isOpened = (one: unknown): one is Opened =>
  typeof one === "object" &&
  one !== null &&
  (["kind", "title", "to"] as const).every(
    (field) => typeof (one as Record<string, unknown>)[field] === "string",
  );

/** What this user opened, the latest first; whatever else stands there is passed over. */
export function recentOf(user: string): Opened[] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(placeOf(user)) ?? "[]");
    // Only addresses of the app itself are followed.
    return Array.isArray(read) ? read.filter(isOpened).filter(({ to }) => /^\/[^/]/.test(to)) : [];
  } catch {
    return [];
  }
}

function keep(user: string, pages: Opened[]) {
  try {
    localStorage.setItem(placeOf(user), JSON.stringify(pages.slice(0, MOST_RECENT)));
  } catch {
    // A browser that keeps nothing has no list; everything else works.
  }
}

/** It comes first, once. */
export const remember = (user: string, page: Opened) =>
  keep(user, [page, ...recentOf(user).filter(({ to }) => to !== page.to)]);

/** An address as it is read, however its signs are written. */
function readable(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

/** Whether an address is this page, or stands below it. */
export const isAt = (page: Opened, address: string) =>
  `${readable(address)}/`.startsWith(`${readable(page.to)}/`);

/** There is nothing at this address any more. */
export const forget = (user: string, address: string) =>
  keep(
    user,
    recentOf(user).filter((page) => readable(page.to) !== readable(address)),
  );

export const forgetAll = (user: string) => localStorage.removeItem(placeOf(user));

/** Whoever is signed in; none while that is not known. */
export const useUser = () => useQuery(sessionQuery).data?.user.email;

/** Remembers a page once its name is known; none: it is still loading. */
export function useOpened(page: Opened | undefined) {
  const user = useUser();
  const { kind, title, to } = page ?? {};
  useEffect(() => {
    if (user && kind && title && to) remember(user, { kind, title, to });
  }, [user, kind, title, to]);
}

/** Forgets the page at this address where there is nothing any more. */
export function useGone(to: string, gone: boolean) {
  const user = useUser();
  useEffect(() => {
    if (user && gone) forget(user, to);
  }, [user, to, gone]);
}
