// Runs the journey on a copy of the data, in virtual time: the counts fill the map, and every message can be read.
import { Alert, Button, Group, Loader, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { FlaskConical, Play } from "lucide-react";
import { useState } from "react";
import { body, client } from "../api/client";
import { mapQuery, statusQuery } from "../api/queries";
import type { JourneyMap, JourneyStatus, Simulation } from "../api/types";
import { CustomerPicker } from "../customers/CustomerPicker";
import { useOpenDraft } from "../editor/openDraft";
import { Form } from "../forms/Form";
import { InstantInput } from "../forms/inputs";
import { Refusal } from "../journeys/Refusal";
import { EmptyState } from "../shell/EmptyState";
import { strings } from "../strings";
import { Results } from "./Results";
import { SimulatedMap } from "./SimulatedMap";
import classes from "./simulate.module.css";

const text = strings.simulate;
const A_DAY_MS = 86_400_000;
const DAYS = 30;
const SAMPLES = 5;

type Asked = { from: string; until: string; follow: string | undefined };

export function SimulateTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const cache = useQueryClient();
  const draft = useOpenDraft();
  const { data: map } = useQuery(mapQuery(key));
  const [asked, setAsked] = useState<Asked>(() => ({ ...aMonth(), follow: undefined }));
  const run = useMutation({
    mutationFn: async ({ from, until, follow }: Asked) => {
      await draft.current?.flush();
      return body(
        client.POST("/api/v1/journeys/{key}/simulate", {
          params: { path: { key } },
          body: {
            from,
            until,
            seed: 0,
            activities: [],
            answers: [],
            samples: SAMPLES,
            follow: follow ?? null,
          },
        }),
      );
    },
    onSuccess: (report) =>
      cache.setQueryData(
        statusQuery(simulated(key)).queryKey,
        map ? statusOf(map, report) : undefined,
      ),
  });
  const put = (part: Partial<Asked>) => setAsked({ ...asked, ...part });
  return (
    <div className={classes.tab}>
      <Form className={classes.ask} onSubmit={() => run.mutate(asked)}>
        <InstantInput
          label={text.from}
          required
          value={asked.from}
          onChange={(from) => from && put({ from })}
        />
        <InstantInput
          label={text.until}
          required
          value={asked.until}
          onChange={(until) => until && put({ until })}
        />
        <CustomerPicker
          subject={map?.subject ?? "account"}
          label={text.follow}
          placeholder={text.followHint}
          w={260}
          value={asked.follow}
          onChange={(follow) => put({ follow })}
        />
        <Button
          type="submit"
          disabled={run.isPending}
          leftSection={run.isPending ? <Loader size={14} /> : <Play size={15} aria-hidden />}
        >
          {text.run}
        </Button>
      </Form>
      {run.error ? (
        <div className={classes.refusal}>
          <Refusal error={run.error} />
        </div>
      ) : null}
      {run.data && map ? (
        <div className={classes.found}>
          <SimulatedMap map={map} journey={simulated(key)} />
          <Results map={map} report={run.data} />
        </div>
      ) : run.error || run.isPending ? null : (
        <div className={classes.refusal}>
          <EmptyState icon={FlaskConical} title={text.empty} hint={text.emptyHint} />
        </div>
      )}
      {run.isPending ? (
        <Group className={classes.refusal} gap="xs" role="status">
          <Loader size={14} />
          <Text size="sm" c="dimmed">
            {text.running}
          </Text>
        </Group>
      ) : null}
      {run.data && run.data.problems > 0 ? (
        <Alert color="yellow" variant="light" radius={0}>
          {text.problems(run.data.problems)}
        </Alert>
      ) : null}
    </div>
  );
}

/** Under this name the counts of the simulation stand in the cache, beside those of the journey itself. */
const simulated = (journey: string) => `${journey} simulated`;

const aMonth = () => {
  const from = new Date();
  from.setSeconds(0, 0);
  const until = new Date(from.getTime() + DAYS * A_DAY_MS);
  return { from: plain(from), until: plain(until) };
};

const plain = (date: Date) => date.toISOString().replace(".000Z", "Z");

const statusOf = (map: JourneyMap, report: Simulation): JourneyStatus => ({
  key: simulated(map.key),
  state: "live",
  version: 1,
  paused: false,
  problems: report.problems,
  travellers: report.travellers,
  not_entered: report.not_entered,
  nodes: report.nodes,
});
