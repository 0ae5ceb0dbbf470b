// The chosen node: what it is set to, how it does, and who is there.
import { CloseButton, Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { JourneyMap, MapNode, NodeStatus } from "../api/types";
import { useNames } from "../conditions/useNames";
import type { Names } from "../conditions/words";
import { pathWord } from "../journeys/words";
import { Facts } from "../shell/Facts";
import { formatNumber } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { Tile } from "./Card";
import { closes, outcomeRows } from "./counts";
import { useNodeStatus, useScene } from "./live";
import classes from "./map.module.css";
import { OutcomeTable } from "./OutcomeTable";
import { type Setting, settingsOf } from "./settings";
import { addressOfTravellers, type Shown as ShownTravellers } from "./shown";
import { TravellerList } from "./TravellerList";

const text = strings.panel;

type Shown = Pick<MapNode, "id" | "title" | "subtitle" | "family" | "icon"> & {
  kind?: string;
  subject: "account" | "person";
  settings: Setting[];
  /** An action inside a box counts people and has no travellers of its own. */
  inBox: boolean;
};

export function NodePanel({
  map,
  id,
  shown,
  onClose,
}: {
  map: JourneyMap;
  id: string;
  /** Which of its travellers are shown. */
  shown: ShownTravellers;
  onClose: () => void;
}) {
  const { published, journey, open } = useScene();
  const status = useNodeStatus(id);
  const names = useNames(map.nodes.find((each) => each.id === id)?.settings);
  const node = shownNode(map, id, names);
  if (!node) return null;
  return (
    <aside className={classes.panel} aria-label={`${text.label}: ${node.title}`}>
      <Group wrap="nowrap" align="flex-start" gap="sm" className={classes.panelHead}>
        <Tile node={node} />
        <div style={{ flex: 1, minWidth: 0 }}>
          <Title order={2} className={classes.panelTitle}>
            {node.title}
          </Title>
          <Text size="xs" c="dimmed">
            {node.subtitle}
          </Text>
        </div>
        <CloseButton aria-label={text.close} onClick={onClose} />
      </Group>
      <Section title={text.settings}>
        {node.settings.length === 0 ? (
          <Text c="dimmed">{text.noSettings}</Text>
        ) : (
          <Settings settings={node.settings} />
        )}
      </Section>
      {published && status ? <Performance status={status} node={node} /> : null}
      {published && (!node.inBox || shown.outcome) ? (
        <Section title={text.travellers}>
          <TravellerList
            journey={journey}
            node={id}
            inBox={node.inBox}
            shown={shown}
            onShow={(next) => open(id, false, next)}
          />
        </Section>
      ) : null}
    </aside>
  );
}

function shownNode(map: JourneyMap, id: string, names: Names): Shown | undefined {
  const node = map.nodes.find((each) => each.id === id);
  if (node) return { ...node, settings: settingsOf(node.settings, names), inBox: false };
  for (const box of map.nodes) {
    for (const path of box.box ?? []) {
      const action = path.actions.find((each) => each.id === id);
      if (!action) continue;
      const settings = action.facts.map(({ label, value }) => ({ label, value }));
      return {
        id,
        title: action.title,
        subtitle: pathWord(path.label),
        icon: action.icon,
        family: "action",
        subject: "person",
        settings,
        inBox: true,
      };
    }
  }
  return undefined;
}

function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={classes.panelSection} aria-label={title}>
      <Group justify="space-between" mb={10}>
        <Title order={3}>{title}</Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}

function Settings({ settings }: { settings: Setting[] }) {
  const plain = settings.filter((setting) => typeof setting.value === "string");
  const nested = settings.filter((setting) => typeof setting.value !== "string");
  return (
    <>
      {plain.length > 0 ? (
        <Facts facts={plain.map(({ label, value }) => ({ label, value: value as string }))} />
      ) : null}
      {nested.map(({ label, value }) => (
        <div key={label} className={classes.nested}>
          <Text size="xs" c="dimmed" fw={600} mb={6}>
            {label}
          </Text>
          <Settings settings={value as Setting[]} />
        </div>
      ))}
    </>
  );
}

function Performance({ status, node }: { status: NodeStatus; node: Shown }) {
  const { journey } = useScene();
  const to = (shown: ShownTravellers) => addressOfTravellers(journey, node.id, shown);
  const figures = [
    { label: text.reached, value: status.reached, show: "reached" as const },
    { label: text.left, value: status.left, show: undefined },
    { label: text.current, value: status.current, show: "current" as const },
    { label: text.endedHere, value: status.ended, show: "ended" as const },
  ];
  const paths = Object.entries(status.paths);
  const outcomes = status.outcomes ? outcomeRows(status.outcomes) : [];
  return (
    <>
      <Section
        title={text.performance}
        aside={
          node.inBox ? (
            <Text size="xs" c="dimmed">
              {text.onPeople}
            </Text>
          ) : null
        }
      >
        <div className={classes.figures} data-closes={closes(status)}>
          {figures.map((figure, index) => (
            <div key={figure.label} className={classes.figure}>
              <span className={classes.operator} aria-hidden>
                {["", "=", "+", "+"][index]}
              </span>
              <b>
                {figure.show && !node.inBox ? (
                  <LinkTo className={shell.numberLink} to={to({ show: figure.show })}>
                    {formatNumber(figure.value)}
                  </LinkTo>
                ) : (
                  formatNumber(figure.value)
                )}
              </b>
              <span>{figure.label}</span>
            </div>
          ))}
        </div>
      </Section>
      {paths.length > 0 ? (
        <Section title={text.paths}>
          <Facts
            facts={paths.map(([label, value]) => ({
              label: pathWord(label),
              value: (
                <LinkTo className={shell.numberLink} to={to({ show: "reached", path: label })}>
                  {formatNumber(value)}
                </LinkTo>
              ),
            }))}
          />
        </Section>
      ) : null}
      {node.family === "action" ? (
        <Section title={text.outcomes}>
          {outcomes.length === 0 ? (
            <Text c="dimmed">{text.pending}</Text>
          ) : (
            <OutcomeTable
              rows={outcomes}
              held={status.outcomes?.held}
              to={(outcome, reason) => to({ outcome, reason, show: "reached" })}
            />
          )}
        </Section>
      ) : null}
    </>
  );
}
