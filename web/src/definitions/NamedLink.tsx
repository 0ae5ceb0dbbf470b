// A definition by its name, leading to its page; by its key while its name is not known.
import { useQuery } from "@tanstack/react-query";
import { type AnchorHTMLAttributes, useCallback } from "react";
import { definitionNamesQuery } from "../api/queries";
import { byKey } from "../conditions/useNames";
import { at, LinkTo } from "../shell/LinkTo";
import { addressOf } from "./address";

type Props = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> & { plural: string; of: string };

export function NamedLink({ plural, of, ...rest }: Props) {
  const nameOf = useNamesOf(plural);
  const to = plural === "journeys" ? at("/journeys", of) : addressOf(plural, of);
  return (
    <LinkTo to={to} {...rest}>
      {nameOf(of)}
    </LinkTo>
  );
}

/** The names of a kind's definitions by key; there can be thousands, so they are asked for when they are wanted. */
export function useNamesOf(plural: string, wanted = true): (key: string) => string {
  const { data } = useQuery({ ...definitionNamesQuery(plural), enabled: wanted });
  return useCallback((key) => (data && byKey(data.items).get(key)) || key, [data]);
}
