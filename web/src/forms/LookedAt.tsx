// Fields that may only be looked at: they say what they hold, and nothing can be written into them.
import type { ReactNode } from "react";
import classes from "./forms.module.css";

type Props = { only: boolean; children: ReactNode };

/** Shuts every field inside, pickers and builders too, and leaves links as they are. */
export function LookedAt({ only, children }: Props) {
  return (
    <fieldset disabled={only} className={classes.lookedAt}>
      {children}
    </fieldset>
  );
}
