import { Button } from "@mantine/core";
import { MapPinOff } from "lucide-react";
import { strings } from "../strings";
import { EmptyState } from "./EmptyState";
import { ErrorNotice } from "./ErrorNotice";
import { LinkTo } from "./LinkTo";
import classes from "./shell.module.css";

/** Where an error in a page ends: the frame stays, the page says what happened. */
export function Fault({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className={classes.page}>
      <ErrorNotice error={error} onRetry={reset} />
    </div>
  );
}

export function NotFound() {
  return (
    <div className={classes.page}>
      <EmptyState
        icon={MapPinOff}
        title={strings.errors.notFound}
        hint={strings.errors.notFoundHint}
      >
        <Button component={LinkTo} to="/journeys" mt="sm" variant="light">
          {strings.errors.backToJourneys}
        </Button>
      </EmptyState>
    </div>
  );
}
