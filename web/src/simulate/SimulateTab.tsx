// Runs the journey on a copy of the data, in virtual time: the counts fill the map, and every message can be read.
import { Alert, Badge, Button, Group, Loader, Tabs, Text } from "@mantine/core";
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
import panel from "../map/map.module.css";
import { EmptyState } from "../shell/EmptyState";
import { strings } from "../strings";
import { type Asked, useAsked } from "./kept";
import { Results } from "./Results";
import { SimulatedMap } from "./SimulatedMap";
import classes from "./simulate.module.css";
import { WayPanel } from "./WayPanel";
import { countOf, scriptOf } from "./way";

const text = strings.simulate;
const SAMPLES = 5;

export function SimulateTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const cache = useQueryClient();
  const draft = useOpenDraft();
  const { data: map } = useQuery(mapQuery(key));
  const [asked, put] = useAsked(key);
  const [side, setSide] = useState<Side>("way");
  const run = useMutation({
    mutationFn: async ({ from, until, follow, way }: Asked) => {
      await draft.current?.flush();
      const drawn = await cache.fetchQuery(mapQuery(key));
      const report = await body(
        client.POST("/api/v1/journeys/{key}/simulate", {
          params: { path: { key } },
          body: {
            from,
            until,
            seed: 0,
            ...scriptOf(way, drawn, from),
            samples: SAMPLES,
            follow: follow ?? null,
          },
        }),
      );
      return { drawn, report };
    },
    onSuccess: ({ drawn, report }) => {
      cache.setQueryData(statusQuery(simulated(key)).queryKey, statusOf(drawn, report));
      setSide("results");
    },
  });
  const found = run.data;
  const said = map ? countOf(asked.way, map) : 0;
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
      {map ? (
        <div className={classes.found}>
          {found ? (
            <SimulatedMap map={found.drawn} journey={simulated(key)} />
          ) : (
            <div className={classes.nothing}>
              {run.isPending ? null : (
                <EmptyState icon={FlaskConical} title={text.empty} hint={text.emptyHint} />
              )}
            </div>
          )}
          <aside
            className={panel.panel}
            aria-label={side === "results" ? text.results : text.way.title}
          >
            <Tabs
              value={side}
              onChange={(next) => next && setSide(next as Side)}
              keepMounted={false}
            >
              <Tabs.List grow aria-label={text.sides} className={classes.sides}>
                <Tabs.Tab
                  value="way"
                  rightSection={
                    said > 0 ? (
                      <Badge size="sm" variant="light" circle>
                        {said}
                      </Badge>
                    ) : null
                  }
                >
                  {text.way.tab}
                </Tabs.Tab>
                <Tabs.Tab value="results" disabled={!found}>
                  {text.resultsTab}
                </Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="way">
                <WayPanel map={map} way={asked.way} onChange={(way) => put({ way })} />
              </Tabs.Panel>
              <Tabs.Panel value="results">
                {found ? <Results map={found.drawn} report={found.report} /> : null}
              </Tabs.Panel>
            </Tabs>
          </aside>
        </div>
      ) : null}
      {run.isPending ? (
        <Group className={classes.refusal} gap="xs" role="status">
          <Loader size={14} />
          <Text size="sm" c="dimmed">
            {text.running}
          </Text>
        </Group>
      ) : null}
      {found && found.report.problems > 0 ? (
        <Alert color="yellow" variant="light" radius={0}>
          {text.problems(found.report.problems)}
        </Alert>
      ) : null}
    </div>
  );
}

type Side = "way" | "results";

/** Under this name the counts of the simulation stand in the cache, beside those of the journey itself. */
const simulated = (journey: string) => `${journey} simulated`;

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
