// What can be done with many accounts or people at once: putting them on a list that hands may change.
import { Button, Select } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ListPlus } from "lucide-react";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import { changeMembers } from "../api/members";
import { definitionNamesQuery } from "../api/queries";
import { strings } from "../strings";
import { Dialog } from "./Dialog";

const text = strings.list.addTo;

type Props = { plural: "account_lists" | "people_lists"; keys: string[]; done: () => void };

export function AddToList({ plural, keys, done }: Props) {
  const [open, setOpen] = useState(false);
  if (!useMay()?.("customers:write")) return null;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<ListPlus size={14} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        {text.button}
      </Button>
      {open ? (
        <ListDialog
          plural={plural}
          keys={keys}
          onClose={() => setOpen(false)}
          onDone={() => {
            setOpen(false);
            done();
          }}
        />
      ) : null}
    </>
  );
}

type DialogProps = Omit<Props, "done"> & { onClose: () => void; onDone: () => void };

function ListDialog({ plural, keys, onClose, onDone }: DialogProps) {
  const cache = useQueryClient();
  const { data } = useQuery(definitionNamesQuery(plural));
  const [list, setList] = useState<string | null>(null);
  const add = useMutation({
    mutationFn: (key: string) => changeMembers(plural, key, keys, true),
    onSuccess: async () => {
      notifications.show({ message: strings.definitions.members.done });
      onDone();
      await cache.invalidateQueries({ queryKey: ["definitions", plural, "members"] });
    },
  });
  return (
    <Dialog
      title={text.title(keys.length)}
      error={add.error}
      busy={add.isPending}
      ready={list !== null}
      submit={strings.definitions.members.add}
      onClose={onClose}
      onSubmit={() => list && add.mutate(list)}
    >
      <Select
        label={text.list}
        description={text.hint}
        searchable
        data-autofocus
        nothingFoundMessage={strings.forms.nothingFound}
        data={(data?.items ?? [])
          .filter(({ type, state }) => type === "static" && state === "live")
          .map(({ key, name }) => ({ value: key, label: name || key }))}
        value={list}
        onChange={setList}
      />
    </Dialog>
  );
}
