// All attributes of accounts and people: which are seen by marketers, which may be written, and what uses them.
import { Group, SegmentedControl, Switch, Table, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fieldsQuery } from "../api/admin";
import { loadDefinition, putDefinition } from "../api/queries";
import type { Field } from "../api/types";
import { isRecord, write } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { humanise } from "../shell/format";
import { ScrollTable } from "../shell/ScrollTable";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";

const text = strings.admin.fields;
type Subject = "account" | "person";
type Switched = { field: Field; change: { managed?: boolean; updatable?: boolean } };

export function FieldsTab() {
  const [subject, setSubject] = useState<Subject>("account");
  const { data } = useQuery(fieldsQuery);
  const schema = data?.[subject];
  const save = useSwitch(subject);
  return (
    <div className={classes.stack}>
      <Group justify="space-between">
        <SegmentedControl
          aria-label={text.subject}
          data={[
            { value: "account", label: text.account },
            { value: "person", label: text.person },
          ]}
          value={subject}
          onChange={(next) => setSubject(next as Subject)}
        />
        <Text size="sm" c="dimmed">
          {schema ? text.count(schema.managed, schema.most_managed, schema.updatable) : ""}
        </Text>
      </Group>
      {save.error ? <Refusal error={save.error} /> : null}
      <div className={classes.tableFrame}>
        <ScrollTable label={strings.admin.tabs.fields} miw={640}>
          <Table.Thead>
            <Table.Tr>
              {Object.entries(text.columns).map(([id, label]) => (
                <Table.Th key={id}>{label}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {schema?.fields.map((field) => (
              <FieldRow
                key={field.key}
                field={field}
                busy={save.isPending}
                onSwitch={(change) => save.mutate({ field, change })}
              />
            ))}
          </Table.Tbody>
        </ScrollTable>
      </div>
    </div>
  );
}

type RowProps = { field: Field; busy: boolean; onSwitch: (change: Switched["change"]) => void };

function FieldRow({ field, busy, onSwitch }: RowProps) {
  const { label, key, managed, updatable, custom, used_by } = field;
  // What no installation may switch.
  const fixed = { managed: field.always_managed, updatable: field.never_updatable };
  return (
    <Table.Tr>
      <Table.Td fw={600}>{label}</Table.Td>
      <Table.Td>
        {key}
        {custom ? (
          <Text span size="xs" c="dimmed" ml={8}>
            {text.own}
          </Text>
        ) : null}
      </Table.Td>
      <Table.Td>{humanise(field.type)}</Table.Td>
      <Table.Td>
        <Tooltip label={fixed.managed ? text.alwaysManaged : text.managedHint}>
          <Switch
            size="xs"
            aria-label={`${label}: ${text.columns.managed}`}
            checked={managed}
            disabled={busy || fixed.managed}
            onChange={(event) => onSwitch({ managed: event.currentTarget.checked })}
          />
        </Tooltip>
      </Table.Td>
      <Table.Td>
        <Tooltip label={fixed.updatable ? text.neverUpdatable : text.updatableHint}>
          <Switch
            size="xs"
            aria-label={`${label}: ${text.columns.updatable}`}
            checked={updatable}
            disabled={busy || !managed || fixed.updatable}
            onChange={(event) => onSwitch({ updatable: event.currentTarget.checked })}
          />
        </Tooltip>
      </Table.Td>
      <Table.Td>
        {used_by.length === 0 ? (
          strings.list.none
        ) : (
          <Tooltip
            label={used_by.map((each) => `${humanise(each.kind)} ${each.key}`).join(", ")}
            multiline
            maw={320}
          >
            <span>{text.used(used_by.length)}</span>
          </Tooltip>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** Custom attributes say it in their own definition, standard ones in the settings. */
function useSwitch(subject: Subject) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async ({ field, change }: Switched) => {
      if (field.custom) {
        const { body, revision } = await loadDefinition("attributes", field.key);
        return putDefinition("attributes", field.key, { ...body, ...change }, { revision });
      }
      const { body, revision } = await loadDefinition("settings", "settings");
      const before = isRecord(body.fields) ? body.fields : {};
      const own = isRecord(before[subject]) ? before[subject] : {};
      const now = isRecord(own[field.key]) ? own[field.key] : {};
      const next = write(body, `/fields/${subject}/${field.key}`, {
        ...(now as object),
        ...change,
      });
      return putDefinition("settings", "settings", next, { revision });
    },
    onSuccess: async () => {
      notifications.show({ message: text.saved });
      await Promise.all([
        cache.invalidateQueries({ queryKey: fieldsQuery.queryKey }),
        cache.invalidateQueries({ queryKey: ["catalogue"] }),
        cache.invalidateQueries({ queryKey: ["definitions"] }),
      ]);
    },
  });
}
