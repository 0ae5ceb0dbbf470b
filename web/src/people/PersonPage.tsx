import { Group, Skeleton, Stack, Switch, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { personQuery, personTimelineQuery } from "../api/queries";
import type { Person } from "../api/types";
import { Records } from "../customers/Records";
import { SendEmail } from "../customers/SendEmail";
import { NamedLink } from "../definitions/NamedLink";
import { DEEDS } from "../groups/engagement";
import { TripLinks } from "../journeys/TripLinks";
import { heldWord } from "../journeys/words";
import { ActivityList } from "../shell/ActivityList";
import { attributeFacts } from "../shell/attributes";
import { Card } from "../shell/Card";
import { CrmLink } from "../shell/CrmLink";
import { rowsOf } from "../shell/DataTable";
import { Facts } from "../shell/Facts";
import { PageFault } from "../shell/Fault";
import { formatInstant } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { PageHeader } from "../shell/PageHeader";
import { RecordMenu } from "../shell/RecordMenu";
import { useOpened } from "../shell/recent";
import classes from "../shell/shell.module.css";
import { Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { ConsentHistory } from "./ConsentHistory";
import { personName } from "./columns";
import { GroupsOfPerson } from "./GroupsOfPerson";
import { HeldElsewhere } from "./HeldElsewhere";
import { MachineUses } from "./MachineUses";

const text = strings.people;
const ELSEWHERE = [
  "key",
  "name",
  "accounts",
  "journeys",
  "held_messages",
  "records",
  "lists",
  "crm_link",
  "engagement",
  "etag",
  "revision",
];
/** As many of what a person did last stand on the first page of them. */
const LATEST_ACTIVITIES = 20;

export function PersonPage() {
  const { key } = useParams({ from: "/inside/people/$key" });
  const { data: person, error, refetch } = useQuery(personQuery(key));
  const name = person ? personName({ ...person, key }) : key;
  useOpened(person && { kind: "person", title: name, to: at("/people", key) });
  if (error) {
    return (
      <PageFault
        error={error}
        onRetry={refetch}
        back={{ to: "/people", label: strings.people.back }}
      />
    );
  }
  return (
    <div className={classes.page}>
      <PageHeader
        title={name}
        back={{ to: "/people", label: text.back }}
        detail={
          <>
            <span>{strings.subjects.person}</span>
            <span>{key}</span>
            {person?.job_title ? <span>{String(person.job_title)}</span> : null}
            {person?.email && person.email !== key ? <span>{person.email}</span> : null}
            {person?.phone ? <span>{String(person.phone)}</span> : null}
            {person ? <span>{text.engaged(Math.round(person.engagement))}</span> : null}
          </>
        }
      >
        <CrmLink href={person?.crm_link} name={name} />
        {person ? <SendEmail to={{ person: key }} named={name} /> : null}
        {person ? <RecordMenu subject="person" record={person} name={name} /> : null}
      </PageHeader>
      <Tabs
        label={name}
        tabs={[
          {
            id: "overview",
            label: text.tabs.overview,
            body: person ? <PersonOverview person={person} /> : <Skeleton height={260} />,
          },
          {
            id: "records",
            label: strings.customers.records.tab,
            body: <Records subject="person" owner={key} />,
          },
          { id: "consent", label: text.tabs.consent, body: <ConsentHistory person={key} /> },
          { id: "timeline", label: text.tabs.timeline, body: <PersonTimeline personKey={key} /> },
        ]}
      />
    </div>
  );
}

function PersonOverview({ person }: { person: Person }) {
  return (
    <div className={classes.columns}>
      <Card title={text.attributes}>
        <Facts facts={attributeFacts(person, ELSEWHERE)} />
      </Card>
      <div className={classes.stack}>
        <Card title={text.accounts}>
          {person.accounts.length === 0 ? <Text c="dimmed">{text.noAccounts}</Text> : null}
          <Stack gap="xs">
            {person.accounts.map((account) => (
              <LinkTo key={account.key} to={at("/accounts", account.key)}>
                {account.name || account.key}
              </LinkTo>
            ))}
          </Stack>
        </Card>
        <GroupsOfPerson person={person} />
        <HeldElsewhere person={person.key} />
        <LatestActivities personKey={person.key} />
        {person.held_messages.length > 0 ? <HeldMessages messages={person.held_messages} /> : null}
        <Card title={text.journeys}>
          <TripLinks trips={person.journeys} empty={text.noJourneys} />
        </Card>
        <Card title={text.lists}>
          {person.lists.length === 0 ? <Text c="dimmed">{text.noLists}</Text> : null}
          <Stack gap={4}>
            {person.lists.map((list) => (
              <NamedLink key={list} plural="people_lists" of={list} />
            ))}
          </Stack>
        </Card>
      </div>
    </div>
  );
}

/** What journeys want to send them and may not yet, and when it goes on. */
function HeldMessages({ messages }: { messages: Person["held_messages"] }) {
  return (
    <Card title={strings.held.title}>
      {messages.map((message, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one trip may hold several alike
        <Text key={index} size="sm" mb={4}>
          <LinkTo to={`${at("/journeys", message.journey)}/${at("travellers", message.trip)}`}>
            {message.node_title}
          </LinkTo>{" "}
          {heldWord(message.reason)}
          {message.until ? strings.held.until(formatInstant(message.until)) : ""}
        </Text>
      ))}
    </Card>
  );
}

/** Email, web, forms and interesting moments; the timeline has everything. */
function LatestActivities({ personKey }: { personKey: string }) {
  const rows = useInfiniteQuery(personTimelineQuery(personKey, DEEDS));
  const latest = rowsOf(rows).slice(0, LATEST_ACTIVITIES);
  return (
    <Card title={text.latest}>
      {rows.isPending ? <Skeleton height={60} /> : null}
      {!rows.isPending && latest.length === 0 ? <Text c="dimmed">{text.noLatest}</Text> : null}
      {latest.map((activity) => (
        <Group key={activity.id} justify="space-between" gap="xs" mb={4}>
          <Text size="sm">{activity.title}</Text>
          <Text size="xs">
            <Moment at={activity.at} dimmed />
          </Text>
        </Group>
      ))}
    </Card>
  );
}

function PersonTimeline({ personKey }: { personKey: string }) {
  const [machines, setMachines] = useState(false);
  return (
    <Stack gap="md">
      <Switch
        label={text.machines.show}
        checked={machines}
        onChange={(event) => setMachines(event.currentTarget.checked)}
      />
      {machines ? <MachineUses person={personKey} /> : null}
      <ActivityList
        rows={useInfiniteQuery(personTimelineQuery(personKey))}
        own={personKey}
        of={{ person: personKey }}
      />
    </Stack>
  );
}
