import { Link } from "@tanstack/react-router";
import { type AnchorHTMLAttributes, forwardRef } from "react";

type Props = AnchorHTMLAttributes<HTMLAnchorElement> & { to: string };

/** Only the page itself is current, not what stands above it; and no class of the router's own. */
const EXACT = { exact: true };
const PLAIN = {};

/** The router's link by plain address, query included, for Mantine's `component` property. */
export const LinkTo = forwardRef<HTMLAnchorElement, Props>(({ to, ...rest }, ref) => {
  const [path, query] = to.split("?");
  const search = query ? Object.fromEntries(new URLSearchParams(query)) : undefined;
  return (
    <Link
      ref={ref}
      to={path as never}
      search={search as never}
      activeOptions={EXACT}
      activeProps={PLAIN}
      {...rest}
    />
  );
});
LinkTo.displayName = "LinkTo";

/** An address with its keys made safe: `at("/accounts", key)`. */
export const at = (base: string, ...keys: string[]) =>
  [base, ...keys.map(encodeURIComponent)].join("/");
