// Administration: what is set up once and looked after now and then.
import { Button, Group, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { holdQuery, setHold } from "../api/admin";
import { kindsQuery } from "../api/queries";
import { addressOf } from "../definitions/address";
import { tabsOf } from "../definitions/SectionPage";
import { SECTIONS } from "../definitions/sections";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { LinkTo } from "../shell/LinkTo";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { type Tab, Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { AuditTab } from "./AuditTab";
import { FieldsTab } from "./FieldsTab";
import { JobsTab } from "./JobsTab";
import { MachinesTab } from "./MachinesTab";
import { RolesTab } from "./RolesTab";
import { StorageTab } from "./StorageTab";
import { SuppressionsTab } from "./SuppressionsTab";
import { TokensTab } from "./TokensTab";
import { UsersTab } from "./UsersTab";
import { useMay } from "./useMay";

const text = strings.admin;
/** Those with a page of their own elsewhere; settings are one document, reached by a button. */
const ELSEWHERE = new Set<string>([
  "journey",
  "settings",
  ...Object.values(SECTIONS).flatMap(({ kinds }) => kinds),
]);

/** Under which heading a kind stands; those that are not named belong to other systems. */
const SECTION_OF: Record<string, string> = {
  access_role: text.sections.access,
  sending_domain: text.sections.messages,
  rule_set: text.sections.messages,
  attribute: text.sections.data,
  activity_type: text.sections.data,
  custom_object: text.sections.data,
  score: text.sections.scoring,
  weighting_model: text.sections.scoring,
  persona: text.sections.scoring,
};
/** From what is looked after most often. */
const ORDER = Object.values(text.sections);

/** The tabs of a person with these permissions, section by section. */
function adminTabs(kinds: string[], may: (permission: string) => boolean): Tab[] {
  const { access, messages, data, installation } = text.sections;
  const own = (section: string, id: keyof typeof text.tabs, body: ReactNode): Tab => ({
    id,
    label: text.tabs[id],
    body,
    section,
  });
  const tabs = [
    ...(may("access:manage")
      ? [
          own(access, "users", <UsersTab />),
          own(access, "roles", <RolesTab />),
          own(access, "tokens", <TokensTab />),
          own(access, "audit", <AuditTab />),
        ]
      : [own(access, "roles", <RolesTab />)]),
    own(messages, "delivery", <DeliveryTab />),
    own(data, "fields", <FieldsTab />),
    ...kinds.flatMap((kind) => {
      const section = SECTION_OF[kind] ?? text.sections.systems;
      return tabsOf([kind]).map((tab) => ({ ...tab, section }));
    }),
    ...(may("customers:read") ? [own(messages, "suppressions", <SuppressionsTab />)] : []),
    own(messages, "machines", <MachinesTab />),
    own(installation, "jobs", <JobsTab />),
    own(installation, "storage", <StorageTab />),
  ];
  return ORDER.flatMap((section) => tabs.filter((tab) => tab.section === section));
}

export function AdminPage() {
  const { data } = useQuery(kindsQuery);
  const kinds = (data?.items ?? []).map(({ kind }) => kind).filter((kind) => !ELSEWHERE.has(kind));
  const may = useMay();
  if (!data || !may) return <div className={classes.page} />;
  return (
    <div className={classes.page}>
      <PageHeader title={text.title}>
        <Button component={LinkTo} to={addressOf("settings", "settings")} variant="default">
          {text.settings}
        </Button>
      </PageHeader>
      <Tabs label={text.title} tabs={adminTabs(kinds, may)} upright />
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
