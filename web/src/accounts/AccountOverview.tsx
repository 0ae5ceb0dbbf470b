import { Badge, Group, Text } from "@mantine/core";
import type { Account } from "../api/types";
import { TripLinks } from "../journeys/TripLinks";
import { attributeFacts } from "../shell/attributes";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";

const text = strings.accounts;
const ELSEWHERE = ["key", "name", "people", "journeys", "lists", "etag", "revision"];

export function AccountOverview({ account }: { account: Account }) {
  return (
    <div className={classes.columns}>
      <Card title={text.attributes}>
        <Facts facts={attributeFacts(account, ELSEWHERE)} />
      </Card>
      <div className={classes.stack}>
        <Card title={text.journeys}>
          <TripLinks trips={account.journeys} empty={text.noJourneys} />
        </Card>
        <Card title={text.lists}>
          {account.lists.length === 0 ? <Text c="dimmed">{text.noLists}</Text> : null}
          <Group gap="xs">
            {account.lists.map((list) => (
              <Badge key={list} variant="outline" color="gray" tt="none" fw={500} size="lg">
                {list}
              </Badge>
            ))}
          </Group>
        </Card>
      </div>
    </div>
  );
}
