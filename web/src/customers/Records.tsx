// What belongs to an account or a person beside its attributes: opportunities, and records of custom objects.
import { ActionIcon, Button, Group, Menu, Skeleton, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Boxes, Ellipsis, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { recordsQuery, type Subject } from "../api/customers";
import type { ObjectRecord } from "../api/types";
import { listAddress } from "../definitions/sections";
import { attributeText } from "../shell/attributes";
import { CrmIcon } from "../shell/CrmLink";
import { type Column, DataTable } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { humanise } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { ColumnChooser, ExportButton, useColumns } from "../shell/ListTools";
import { Moment } from "../shell/Moment";
import classes from "../shell/shell.module.css";
import type { Plain } from "../shell/sorting";
import { strings } from "../strings";
import { type RecordShape, useShapes } from "./objects";
import { RecordDialog, RemoveRecordDialog } from "./RecordDialog";

const text = strings.customers.records;

export function Records({ subject, owner }: { subject: Subject; owner: string }) {
  const { shapes, known, error } = useShapes(subject);
  if (error) return <ErrorNotice error={error} />;
  if (!known) return <Skeleton height={200} />;
  if (shapes.length === 0)
    return (
      <EmptyState icon={Boxes} title={text.noObjects} hint={text.noObjectsHint}>
        <Button component={LinkTo} to={listAddress("custom_object")} variant="light" mt="sm">
          {text.toObjects}
        </Button>
      </EmptyState>
    );
  return (
    <div className={classes.stack}>
      {shapes.map((shape) => (
        <RecordsOfObject key={shape.object} shape={shape} owner={owner} />
      ))}
    </div>
  );
}

type Doing = { what: "add" } | { what: "edit" | "remove"; record: ObjectRecord };

function RecordsOfObject({ shape, owner }: { shape: RecordShape; owner: string }) {
  const rows = useInfiniteQuery(recordsQuery(shape.subject, owner, shape.object));
  const [doing, setDoing] = useState<Doing>();
  const close = () => setDoing(undefined);
  const { shown, chooser } = useColumns(`records-${shape.object}`, columnsOf(shape));
  return (
    <section aria-label={shape.title}>
      <Group justify="space-between" mb="xs">
        <Title order={2}>{shape.title}</Title>
        <Group gap="xs">
          <ColumnChooser {...chooser} />
          <ExportButton name={shape.object} rows={rows} columns={shown} />
          <Button
            variant="default"
            leftSection={<Plus size={15} aria-hidden />}
            onClick={() => setDoing({ what: "add" })}
          >
            {text.add}
          </Button>
        </Group>
      </Group>
      <DataTable
        label={shape.title}
        rows={rows}
        columns={shown}
        rowKey={(row) => row.key}
        empty={<Text c="dimmed">{text.none}</Text>}
        menu={(row) => (
          <RowMenu
            name={row.key}
            onEdit={() => setDoing({ what: "edit", record: row })}
            onRemove={() => setDoing({ what: "remove", record: row })}
          />
        )}
      />
      {doing?.what === "add" || doing?.what === "edit" ? (
        <RecordDialog
          shape={shape}
          owner={owner}
          record={doing.what === "edit" ? doing.record : undefined}
          onClose={close}
        />
      ) : null}
      {doing?.what === "remove" ? (
        <RemoveRecordDialog shape={shape} owner={owner} record={doing.record} onClose={close} />
      ) : null}
    </section>
  );
}

function RowMenu({
  name,
  onEdit,
  onRemove,
}: {
  name: string;
  onEdit: () => void;
  onRemove: () => void;
}) {
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={strings.list.rowMenu(name)}>
          <Ellipsis size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Pencil size={14} />} onClick={onEdit}>
          {strings.records.edit}
        </Menu.Item>
        <Menu.Item color="red" leftSection={<Trash2 size={14} />} onClick={onRemove}>
          {strings.records.remove}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const NUMBERS = ["integer", "number"];

function columnsOf({ primaryKey, fields, first }: RecordShape): Column<ObjectRecord>[] {
  const key: Column<ObjectRecord> = {
    id: primaryKey,
    label: humanise(primaryKey),
    fixed: true,
    value: (row) => row.key,
    cell: (row) => (
      <>
        <b>{row.key}</b>
        <CrmIcon href={row.crm_link} name={row.key} />
      </>
    ),
  };
  const others = Object.entries(fields).filter(([name]) => name !== primaryKey);
  const columns = others.map(
    ([name, type]): Column<ObjectRecord> => ({
      id: name,
      label: humanise(name),
      numeric: NUMBERS.includes(type),
      optional: !first.includes(name),
      value: (row) => row.fields[name] as Plain,
      cell: (row) => attributeText(row.fields[name]),
    }),
  );
  const updated: Column<ObjectRecord> = {
    id: "updated_at",
    label: text.updated,
    value: (row) => row.updated_at,
    cell: (row) => <Moment at={row.updated_at} dimmed />,
  };
  return [key, ...columns, updated];
}
