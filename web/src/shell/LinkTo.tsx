import { Link } from "@tanstack/react-router";
import { type AnchorHTMLAttributes, forwardRef } from "react";

type Props = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string };

/** The router's link by plain address, query included, for Mantine's `component` property. */
export const LinkTo = forwardRef<HTMLAnchorElement, Props>(({ to, ...rest }, ref) => {
  const [path, query] = to.split("?");
  const search = query ? Object.fromEntries(new URLSearchParams(query)) : undefined;
  return <Link ref={ref} to={path as never} search={search as never} {...rest} />;
});
LinkTo.displayName = "LinkTo";

/** An address with its keys made safe: `at("/accounts", key)`. */
export const at = (base: string, ...keys: string[]) =>
  [base, ...keys.map(encodeURIComponent)].join("/");
