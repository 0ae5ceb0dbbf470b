// What the simulation came to: trips, messages with samples, other effects, and the steps of the one who was followed.
import { Accordion, Table, Text, Title } from "@mantine/core";
import type { JourneyMap, NodeStatus, Simulation } from "../api/types";
import { useNamesOf } from "../definitions/NamedLink";
import { endWord, pathWord } from "../journeys/words";
import { titleOf } from "../map/graph";
import map from "../map/map.module.css";
import { Facts } from "../shell/Facts";
import { formatInstant, formatNumber, formatStamp, humanise } from "../shell/format";
import { strings } from "../strings";
import classes from "./simulate.module.css";
import { nodesThatAskPeople } from "./way";

const text = strings.simulate;

type Props = { map: JourneyMap; report: Simulation };

export function Results({ map: drawn, report }: Props) {
  const ended = Object.entries(report.travellers).filter(
    ([name, count]) => name === "entered" || count > 0,
  );
  const effects = Object.entries(report.effects);
  return (
    <>
      <section className={map.panelSection}>
        <Title order={2} mb="xs">
          {text.results}
        </Title>
        <Facts
          facts={ended.map(([name, count]) => ({
            label: endWord(name),
            value: formatNumber(count),
          }))}
        />
        <Text size="xs" c="dimmed" mt="xs">
          {text.ranUntil(formatInstant(report.finished_at))}
        </Text>
      </section>
      <Branches map={drawn} report={report} />
      <Messages report={report} />
      {effects.length > 0 ? (
        <section className={map.panelSection}>
          <Title order={3} mb="xs">
            {text.effects}
          </Title>
          <Facts
            facts={effects.map(([name, count]) => ({
              label: humanise(name),
              value: formatNumber(count),
            }))}
          />
        </section>
      ) : null}
      {report.timeline.length > 0 ? (
        <section className={map.panelSection}>
          <Title order={3} mb="xs">
            {text.timelineOf(report.timeline[0]?.traveller ?? "")}
          </Title>
          <Steps map={drawn} steps={report.timeline} />
        </section>
      ) : null}
    </>
  );
}

/** Which ways were taken where people act and services answer. */
function Branches({ map: drawn, report }: Props) {
  const asking = nodesThatAskPeople(drawn);
  const nodes = drawn.nodes.filter(({ id }) => asking.has(id) && report.nodes[id]);
  if (nodes.length === 0) return null;
  return (
    <section className={map.panelSection} aria-label={text.branches}>
      <Title order={3} mb="xs">
        {text.branches}
      </Title>
      {nodes.map(({ id, title }) => (
        <div key={id} className={classes.branch}>
          <Text size="sm" fw={600}>
            {title}
          </Text>
          <Facts facts={waysOf(report.nodes[id] as NodeStatus)} />
        </div>
      ))}
    </section>
  );
}

/** Labelled paths by their labels, the usual way first; whoever still waits last. */
function waysOf({ left, ended, current, paths }: NodeStatus) {
  const labelled = Object.entries(paths);
  const onward = left + ended - labelled.reduce((sum, [, count]) => sum + count, 0);
  const ways: [string, number][] = [
    ...(onward > 0 || labelled.every(([path]) => path in strings.paths)
      ? [[text.wentOn, onward] as [string, number]]
      : []),
    ...labelled.map(([path, count]) => [pathWord(path), count] as [string, number]),
    ...(current > 0 ? [[text.stillThere, current] as [string, number]] : []),
  ];
  return ways.map(([label, count]) => ({ label, value: formatNumber(count) }));
}

function Messages({ report }: { report: Simulation }) {
  const emailNamed = useNamesOf("emails");
  const smsNamed = useNamesOf("sms_messages");
  const emails = Object.entries(report.messages.email ?? {});
  const texts = Object.entries(report.messages.sms ?? {});
  return (
    <section className={map.panelSection}>
      <Title order={3} mb="xs">
        {text.messages}
      </Title>
      {emails.length + texts.length === 0 ? (
        <Text size="sm" c="dimmed">
          {text.noMessages}
        </Text>
      ) : (
        <Accordion variant="separated" chevronPosition="left">
          {emails.map(([email, count]) => (
            <Sent
              key={`email:${email}`}
              id={`email:${email}`}
              name={emailNamed(email)}
              count={count}
              samples={report.samples?.[email] ?? []}
            />
          ))}
          {texts.map(([message, count]) => (
            <Sent
              key={`sms:${message}`}
              id={`sms:${message}`}
              name={text.textMessage(smsNamed(message))}
              count={count}
              samples={report.sms_samples?.[message] ?? []}
            />
          ))}
        </Accordion>
      )}
    </section>
  );
}

type SentProps = {
  id: string;
  name: string;
  count: number;
  samples: { to: string; subject?: string; text: string }[];
};

/** What would have been sent of one message, with the first of them as each recipient would get it. */
function Sent({ id, name, count, samples }: SentProps) {
  return (
    <Accordion.Item value={id}>
      <Accordion.Control>
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {text.sent(formatNumber(count))}
        </Text>
      </Accordion.Control>
      <Accordion.Panel>
        {samples.map((sample) => (
          <figure key={sample.to} className={classes.sample}>
            <figcaption>
              <Text size="xs" c="dimmed">
                {sample.to}
              </Text>
              {sample.subject ? (
                <Text size="sm" fw={600}>
                  {sample.subject}
                </Text>
              ) : null}
            </figcaption>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long message scrolls, by keyboard too */}
            <pre tabIndex={0}>{sample.text}</pre>
          </figure>
        ))}
      </Accordion.Panel>
    </Accordion.Item>
  );
}

function Steps({ map: drawn, steps }: { map: JourneyMap; steps: Simulation["timeline"] }) {
  return (
    <Table fz="xs" horizontalSpacing={4} verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{text.arrived}</Table.Th>
          <Table.Th>{text.node}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {steps.map((step) => (
          <Table.Tr key={`${step.node} ${step.arrived}`}>
            <Table.Td>{formatStamp(step.arrived)}</Table.Td>
            <Table.Td>
              {titleOf(drawn, step.node)}
              {step.path ? ` · ${pathWord(step.path)}` : ""}
              {step.outcome ? ` · ${endWord(step.outcome)}` : ""}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
