// From an empty store to a journey that runs: five steps, each ticked off by what the store holds.
import { Button, Group, Text, UnstyledButton } from "@mantine/core";
import { Check, ChevronDown } from "lucide-react";
import { type ReactNode, useState } from "react";
import { formatNumber } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { PageHeader } from "../shell/PageHeader";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { JourneyStep, PublishStep } from "./JourneyStep";
import { MailStep } from "./MailStep";
import { OrganisationStep } from "./OrganisationStep";
import { PeopleStep } from "./PeopleStep";
import { type Progress, type Step, useProgress } from "./useProgress";
import classes from "./welcome.module.css";

const text = strings.welcome;
const STEPS: Step[] = ["organisation", "mail", "people", "journey", "publish"];

export function WelcomePage() {
  const progress = useProgress();
  const [chosen, setChosen] = useState<Step>();
  const next = STEPS.find((step) => !progress.done[step]);
  const open = chosen ?? (progress.known ? next : undefined);
  return (
    <div className={shell.page}>
      <PageHeader title={text.title} detail={text.lead} />
      {progress.known && !next ? (
        <Group className={classes.finished} justify="space-between">
          <Text fw={600}>{text.finished}</Text>
          <Button component={LinkTo} to="/journeys">
            {text.toJourneys}
          </Button>
        </Group>
      ) : null}
      <ol className={classes.steps}>
        {STEPS.map((step, n) => (
          <StepCard
            key={step}
            number={n + 1}
            title={text.steps[step].title}
            told={told(step, progress)}
            done={progress.done[step]}
            open={step === open}
            onOpen={() => setChosen(step)}
          >
            <Text size="sm" c="dimmed" maw={640}>
              {text.steps[step].hint}
            </Text>
            <Body
              step={step}
              progress={progress}
              onDone={() => setChosen(undefined)}
              onStay={() => setChosen(step)}
            />
          </StepCard>
        ))}
      </ol>
    </div>
  );
}

/** What a step that is done came to. */
function told(step: Step, { connection, counts, drawn, live }: Progress): string {
  const { mail, people, journey, publish } = text.steps;
  switch (step) {
    case "organisation":
      return text.done;
    case "mail":
      return connection ? mail.saved(connection.name || connection.key) : "";
    case "people":
      return people.there(formatNumber(counts.accounts), formatNumber(counts.people));
    case "journey":
      return journey.there(formatNumber(drawn.length));
    case "publish":
      return publish.live(formatNumber(live.length));
  }
}

type BodyProps = { step: Step; progress: Progress; onDone: () => void; onStay: () => void };

function Body({ step, progress, onDone, onStay }: BodyProps) {
  switch (step) {
    case "organisation":
      return <OrganisationStep onDone={onDone} />;
    case "mail":
      return <MailStep connection={progress.connection?.key} onDone={onDone} onStay={onStay} />;
    case "people":
      return <PeopleStep onDone={onDone} />;
    case "journey":
      return <JourneyStep connection={progress.connection?.key} />;
    case "publish":
      return <PublishStep journeys={progress.drawn} />;
  }
}

type CardProps = {
  number: number;
  title: string;
  told: string;
  done: boolean;
  open: boolean;
  onOpen: () => void;
  children: ReactNode;
};

function StepCard({ number, title, told, done, open, onOpen, children }: CardProps) {
  return (
    <li className={classes.step} data-open={open || undefined} data-done={done || undefined}>
      <UnstyledButton className={classes.head} aria-expanded={open} onClick={onOpen}>
        <span className={classes.number} aria-hidden>
          {done ? <Check size={16} /> : number}
        </span>
        <span className={classes.title}>{title}</span>
        {done ? (
          <Text span size="sm" c="dimmed">
            {told}
          </Text>
        ) : null}
        <ChevronDown size={16} className={classes.chevron} aria-hidden />
      </UnstyledButton>
      {open ? <div className={classes.body}>{children}</div> : null}
    </li>
  );
}
