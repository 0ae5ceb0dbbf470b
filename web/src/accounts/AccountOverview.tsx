import { Stack, Text } from "@mantine/core";
import type { Account } from "../api/types";
import { NamedLink } from "../definitions/NamedLink";
import { TripLinks } from "../journeys/TripLinks";
import { attributeFacts } from "../shell/attributes";
import { Card } from "../shell/Card";
import { Facts } from "../shell/Facts";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";

const text = strings.accounts;
const ELSEWHERE = ["key", "name", "people", "journeys", "lists", "crm_link", "etag", "revision"];

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
