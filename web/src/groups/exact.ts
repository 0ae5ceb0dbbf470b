// Terms of a sum, exact enough that a reader can add them up.
import { strings } from "../strings";

const terms = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const shares = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

export const exact = (term: number | null | undefined) =>
  // The server's sums of nothing may be negative zero.
  term == null ? strings.list.none : terms.format(term === 0 ? 0 : term);

export const share = (part: number) => shares.format(part);
