// A journey that is ready, with its list and its emails; then the way to publish it.
import { Alert, Button, Group, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { JourneyRow } from "../api/types";
import { applyAll } from "../api/welcome";
import { CreateJourneyButton, inAYear } from "../journeys/CreateJourney";
import { Refusal } from "../journeys/Refusal";
import { at, LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import {
  type Endings,
  type Filling,
  filled,
  type Manifest,
  madeWay,
  type Template,
  templates,
} from "./templates";
import classes from "./welcome.module.css";

const text = strings.welcome;

export function JourneyStep({ connection }: { connection: string | undefined }) {
  const begin = useBegin(connection ?? "");
  return (
    <>
      {connection ? null : (
        <Alert color="yellow" variant="light">
          {text.steps.journey.first}
        </Alert>
      )}
      <div className={classes.templates}>
        {templates.map((template) => (
          <TemplateCard
            key={template.id}
            template={template}
            disabled={!connection}
            busy={begin.isPending && begin.variables === template}
            onUse={() => begin.mutate(template)}
          />
        ))}
      </div>
      {begin.error ? <Refusal error={begin.error} /> : null}
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          {text.steps.journey.scratch}
        </Text>
        <CreateJourneyButton variant="default" />
      </Group>
    </>
  );
}

type CardProps = { template: Template; disabled: boolean; busy: boolean; onUse: () => void };

function TemplateCard({ template, disabled, busy, onUse }: CardProps) {
  const words = text.templates[template.id];
  if (!words) return null;
  return (
    <section className={classes.template} aria-label={words.name}>
      <Title order={3}>{words.name}</Title>
      <ul className={classes.shape}>
        {words.shape.map((part, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a shape may say the same twice and never changes
          <li key={n}>{part}</li>
        ))}
      </ul>
      <Text size="sm" c="dimmed">
        {words.about}
      </Text>
      <Button
        className={classes.use ?? ""}
        aria-label={text.steps.journey.namedUse(words.name)}
        disabled={disabled}
        loading={busy}
        onClick={onUse}
      >
        {text.steps.journey.use}
      </Button>
    </section>
  );
}

/** Applies a template and opens its journey. */
function useBegin(connection: string) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async (template: Template) => {
      const manifests = await ready(template, { connection, end: inAYear() });
      await applyAll(manifests);
      return manifests.find(({ kind }) => kind === "journey")?.key ?? "";
    },
    onSuccess: async (key) => {
      await cache.invalidateQueries({ queryKey: ["journeys"] });
      await cache.invalidateQueries({ queryKey: ["definitions"] });
      await navigate({ to: "/journeys/$key", params: { key } });
    },
  });
}

/** Nothing that is there is overwritten: the server says what would be, and the template makes way. */
async function ready(template: Template, filling: Filling): Promise<Manifest[]> {
  let endings: Endings = new Map();
  for (;;) {
    const manifests = filled(template, filling, endings);
    const { changed } = await applyAll(manifests, { dryRun: true });
    if (changed.length === 0) return manifests;
    endings = madeWay(template, endings, changed);
  }
}

export function PublishStep({ journeys }: { journeys: JourneyRow[] }) {
  const words = text.steps.publish;
  if (journeys.length === 0) return <Text size="sm">{words.none}</Text>;
  return (
    <Group gap="xs">
      {journeys.map(({ key, name }) => (
        <Button key={key} component={LinkTo} to={at("/journeys", key)} variant="default">
          {words.open(name || key)}
        </Button>
      ))}
    </Group>
  );
}
