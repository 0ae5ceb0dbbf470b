import { Button, List, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { buyingGroupsQuery } from "../api/queries";
import type { Account, BuyingGroup } from "../api/types";
import { NamedLink } from "../definitions/NamedLink";
import { Score } from "../groups/Score";
import { TripLinks } from "../journeys/TripLinks";
import { attributeFacts } from "../shell/attributes";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { formatNumber, formatValue } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ScrollTable } from "../shell/ScrollTable";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { groupName } from "./places";
import { mostEngaged, sentencesAbout } from "./summary";

const text = strings.accounts;
const ELSEWHERE = [
  "key",
  "name",
  "people",
  "industry",
  "open_opportunities",
  "records",
  "journeys",
  "lists",
  "crm_link",
  "etag",
  "revision",
];
const LATEST_JOURNEYS = 3;
const ENGAGED_GROUPS = 3;

export function AccountOverview({ account }: { account: Account }) {
  return (
    <div className={classes.columns}>
      <div className={classes.stack}>
        <Summary account={account} />
        <Card title={text.attributes}>
          <Facts facts={attributeFacts(account, ELSEWHERE)} />
        </Card>
      </div>
      <div className={classes.stack}>
        <Journeys trips={account.journeys} />
        <EngagedGroups account={account.key} />
        <Card title={text.lists}>
          {account.lists.length === 0 ? <Text c="dimmed">{text.noLists}</Text> : null}
          <Stack gap={4}>
            {account.lists.map((list) => (
              <NamedLink key={list} plural="account_lists" of={list} />
            ))}
          </Stack>
        </Card>
      </div>
    </div>
  );
}

function Summary({ account }: { account: Account }) {
  const groups = useQuery(buyingGroupsQuery(account.key)).data?.items;
  const sentences = groups ? sentencesAbout(account, groups) : [];
  return (
    <Card title={text.summary}>
      <Facts
        facts={[
          { label: text.columns.people, value: formatNumber(account.people) },
          { label: text.columns.industry, value: formatValue(account.industry) },
          { label: text.opportunities, value: formatNumber(account.open_opportunities) },
        ]}
      />
      {sentences.length > 0 ? (
        <List size="sm" mt="md" spacing={4}>
          {sentences.map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      ) : null}
    </Card>
  );
}

/** The latest, and the others once they are asked for. */
function Journeys({ trips }: { trips: Account["journeys"] }) {
  const [all, setAll] = useState(false);
  const shown = all ? trips : trips.slice(0, LATEST_JOURNEYS);
  return (
    <Card title={text.journeys}>
      <TripLinks trips={shown} empty={text.noJourneys} />
      {shown.length < trips.length ? (
        <Button mt="sm" size="compact-sm" variant="subtle" onClick={() => setAll(true)}>
          {text.allJourneys(trips.length)}
        </Button>
      ) : null}
    </Card>
  );
}

function EngagedGroups({ account }: { account: string }) {
  const { data, error, refetch } = useQuery(buyingGroupsQuery(account));
  const groups = data?.items ?? [];
  const best = mostEngaged(groups, ENGAGED_GROUPS);
  // Before the first scores the groups themselves are worth a word.
  const shown = best.length > 0 ? best : groups.slice(0, ENGAGED_GROUPS);
  return (
    <Card title={text.inGroups}>
      {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {!data && !error ? <Skeleton height={60} /> : null}
      {data && groups.length === 0 ? <Text c="dimmed">{text.inNoGroup}</Text> : null}
      {shown.length > 0 ? <GroupTable groups={shown} /> : null}
    </Card>
  );
}

function GroupTable({ groups }: { groups: BuyingGroup[] }) {
  return (
    <ScrollTable label={text.inGroups} fz="sm" verticalSpacing={8}>
      <Table.Tbody>
        {groups.map((group) => (
          <Table.Tr key={group.id}>
            <Table.Td>
              <LinkTo to={at("/groups", group.id)}>{groupName(group)}</LinkTo>
              {group.stage ? (
                <Text size="xs" c="dimmed">
                  {group.stage}
                </Text>
              ) : null}
            </Table.Td>
            <Table.Td>
              <Score of={`${text.engagement}: ${groupName(group)}`} percent={group.engagement} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </ScrollTable>
  );
}
