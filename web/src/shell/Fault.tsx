import { Button } from "@mantine/core";
import { useRouterState } from "@tanstack/react-router";
import { MapPinOff } from "lucide-react";
import { ApiError } from "../api/problem";
import { strings } from "../strings";
import { EmptyState } from "./EmptyState";
import { ErrorNotice } from "./ErrorNotice";
import { LinkTo } from "./LinkTo";
import { PageHeader } from "./PageHeader";
import { useGone } from "./recent";
import classes from "./shell.module.css";

/** Where an error in a page ends: the frame stays, the page says what happened. */
export function Fault({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className={classes.page}>
      <ErrorNotice error={error} onRetry={reset} />
    </div>
  );
}

type PageFaultProps = {
  error: unknown;
  onRetry: () => void;
  back: { to: string; label: string };
  /** The address of what is not there, when it is not this page's own. */
  record?: string;
};

/** A page whose record could not be read: what is so, and the way back; what is not there is not asked for again. */
export function PageFault({ error, onRetry, back, record }: PageFaultProps) {
  const gone = error instanceof ApiError && error.status === 404;
  const here = useRouterState({ select: (state) => state.location.pathname });
  useGone(record ?? here, gone);
  return (
    <div className={classes.page}>
      <PageHeader
        title={gone ? strings.errors.nothingThere : strings.errors.notLoaded}
        back={back}
      />
      {gone ? <ErrorNotice error={error} /> : <ErrorNotice error={error} onRetry={onRetry} />}
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
