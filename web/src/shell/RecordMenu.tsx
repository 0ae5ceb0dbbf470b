// What a hand does to an account or a person: changing attributes, merging it with another, and taking it away.
import { Button, Menu, ScrollArea, SimpleGrid, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronDown, Merge, Trash2 } from "lucide-react";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import { fieldsQuery } from "../api/admin";
import { changeRecord, deleteRecord, type Subject } from "../api/customers";
import { MergeDialog } from "../customers/MergeDialog";
import { ValueInput } from "../forms/inputs";
import { strings } from "../strings";
import { Dialog } from "./Dialog";

const text = strings.records;

type Props = {
  subject: Subject;
  record: { key: string } & Record<string, unknown>;
  name: string;
};

export function RecordMenu(props: Props) {
  const [doing, setDoing] = useState<"edit" | "merge" | "delete">();
  const may = useMay();
  return (
    <>
      {may?.("customers:write") ? (
        <Button variant="default" onClick={() => setDoing("edit")}>
          {text.edit}
        </Button>
      ) : null}
      {may?.("customers:delete") ? (
        <Menu position="bottom-end" shadow="md" withinPortal>
          <Menu.Target>
            <Button variant="default" rightSection={<ChevronDown size={15} aria-hidden />}>
              {strings.journey.actions.more}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<Merge size={14} />} onClick={() => setDoing("merge")}>
              {strings.customers.merge.open}
            </Menu.Item>
            <Menu.Item
              color="red"
              leftSection={<Trash2 size={14} />}
              onClick={() => setDoing("delete")}
            >
              {text.remove}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : null}
      {doing === "edit" ? <EditDialog {...props} onClose={() => setDoing(undefined)} /> : null}
      {doing === "merge" ? (
        <MergeDialog
          subject={props.subject}
          first={{ key: props.record.key, name: props.name }}
          onClose={() => setDoing(undefined)}
        />
      ) : null}
      {doing === "delete" ? <DeleteDialog {...props} onClose={() => setDoing(undefined)} /> : null}
    </>
  );
}

type DialogProps = Props & { onClose: () => void };

function EditDialog({ subject, record, name, onClose }: DialogProps) {
  const cache = useQueryClient();
  const { data } = useQuery(fieldsQuery);
  const fields = (data?.[subject].fields ?? []).filter(
    ({ key, managed }) => managed && key !== "key",
  );
  const [changes, setChanges] = useState<Record<string, unknown>>({});
  const save = useMutation({
    mutationFn: () => changeRecord(subject, record.key, changes),
    onSuccess: async () => {
      notifications.show({ message: text.saved });
      onClose();
      await cache.invalidateQueries({ queryKey: [subject, record.key] });
    },
  });
  return (
    <Dialog
      title={text.editTitle(name)}
      error={save.error}
      busy={save.isPending}
      ready={Object.keys(changes).length > 0}
      size="lg"
      onClose={onClose}
      onSubmit={() => save.mutate()}
    >
      <ScrollArea.Autosize mah="min(620px, 60dvh)" type="auto">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md" verticalSpacing="sm" p={4} pr="sm">
          {fields.map((field) => (
            <ValueInput
              key={field.key}
              label={field.label}
              description={undefined}
              error={undefined}
              required={false}
              typed={{ type: field.type, values: [] }}
              value={field.key in changes ? changes[field.key] : record[field.key]}
              // What was emptied is taken away.
              onChange={(value) =>
                setChanges((now) => ({
                  ...now,
                  [field.key]: value === "" ? null : (value ?? null),
                }))
              }
            />
          ))}
        </SimpleGrid>
      </ScrollArea.Autosize>
    </Dialog>
  );
}

function DeleteDialog({ subject, record, name, onClose }: DialogProps) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const plural = subject === "account" ? "accounts" : "people";
  const remove = useMutation({
    mutationFn: () => deleteRecord(subject, record.key),
    onSuccess: async () => {
      notifications.show({ message: text.removed });
      await navigate({ to: `/${plural}` as never });
      await cache.invalidateQueries({ queryKey: [plural] });
    },
  });
  return (
    <Dialog
      title={text.removeTitle(name)}
      error={remove.error}
      busy={remove.isPending}
      ready
      submit={text.remove}
      onClose={onClose}
      onSubmit={() => remove.mutate()}
    >
      <Text c="dimmed">{text.removeText}</Text>
    </Dialog>
  );
}
