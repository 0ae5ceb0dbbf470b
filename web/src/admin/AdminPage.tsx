// Administration: what is set up once and looked after now and then.
import { Button, Group, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { holdQuery, setHold } from "../api/admin";
import { kindsQuery } from "../api/queries";
import { addressOf } from "../definitions/DefinitionList";
import { tabsOf } from "../definitions/SectionPage";
import { SECTIONS } from "../definitions/sections";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { LinkTo } from "../shell/LinkTo";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { type Tab, Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { FieldsTab } from "./FieldsTab";
import { SuppressionsTab } from "./SuppressionsTab";

const text = strings.admin;
/** Those with a page of their own elsewhere; settings are one document, reached by a button. */
const ELSEWHERE = new Set<string>([
  "journey",
  "settings",
  ...Object.values(SECTIONS).flatMap(({ kinds }) => kinds),
]);

export function AdminPage() {
  const { data } = useQuery(kindsQuery);
  const kinds = (data?.items ?? []).map(({ kind }) => kind).filter((kind) => !ELSEWHERE.has(kind));
  const tabs: Tab[] = [
    { id: "delivery", label: text.tabs.delivery, body: <DeliveryTab /> },
    { id: "fields", label: text.tabs.fields, body: <FieldsTab /> },
    ...tabsOf(kinds),
    { id: "suppressions", label: text.tabs.suppressions, body: <SuppressionsTab /> },
  ];
  return (
    <div className={classes.page}>
      <PageHeader title={text.title}>
        <Button component={LinkTo} to={addressOf("settings", "settings")} variant="default">
          {text.settings}
        </Button>
      </PageHeader>
      <Tabs label={text.title} tabs={tabs} upright />
    </div>
  );
}

function DeliveryTab() {
  const cache = useQueryClient();
  const { data } = useQuery(holdQuery);
  const change = useMutation({
    mutationFn: setHold,
    onSuccess: () => cache.invalidateQueries({ queryKey: holdQuery.queryKey }),
  });
  const held = data?.held === true;
  return (
    <Card title={text.hold.title}>
      <Group justify="space-between" gap="md">
        <Text role="status">{held ? text.hold.held : text.hold.open}</Text>
        <Button
          variant={held ? "filled" : "default"}
          disabled={!data}
          loading={change.isPending}
          onClick={() => change.mutate(!held)}
        >
          {held ? text.hold.release : text.hold.hold}
        </Button>
      </Group>
      {change.error ? <Refusal error={change.error} /> : null}
    </Card>
  );
}
