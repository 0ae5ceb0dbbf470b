// Addresses that get no messages, why, and since when.
import { ActionIcon, Button, TextInput, Tooltip } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { MailX, Plus, Undo2 } from "lucide-react";
import { useState } from "react";
import { letWrite, suppress, suppressionsQuery } from "../api/admin";
import type { Suppression } from "../api/types";
import { momentColumn, textColumn, wordColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { Dialog } from "../shell/Dialog";
import { humanise } from "../shell/format";
import { ListSection } from "../shell/ListPage";
import { useSearchText } from "../shell/ListTools";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { useMayAny } from "./useMay";

const text = strings.admin.suppressions;

const COLUMNS: Column<Suppression>[] = [
  {
    id: "address",
    label: text.columns.address,
    fixed: true,
    value: (row) => row.address,
    cell: (row) => row.address,
  },
  wordColumn("reason", text.columns.reason, (row) => row.reason),
  textColumn(
    "source",
    text.columns.source,
    (row) => text.sources[row.source] ?? humanise(row.source),
  ),
  textColumn("by", text.columns.by, (row) => row.added_by),
  momentColumn("added", text.columns.added, (row) => row.added_at),
];

export function SuppressionsTab() {
  const cache = useQueryClient();
  const mayChange = useMayAny(["customers:write"]);
  const rows = useRows(suppressionsQuery(useSearchText()));
  const [adding, setAdding] = useState(false);
  const lift = useMutation({
    mutationFn: async (addresses: string[]) => {
      for (const address of addresses) await letWrite(address);
    },
    onSettled: () => cache.invalidateQueries({ queryKey: ["suppressions"] }),
  });
  const add = mayChange ? (
    <Button leftSection={<Plus size={15} aria-hidden />} onClick={() => setAdding(true)}>
      {text.add}
    </Button>
  ) : null;
  return (
    <>
      <ListSection
        id="suppressions"
        title={strings.admin.tabs.suppressions}
        searchLabel={text.search}
        rows={rows}
        columns={COLUMNS}
        rowKey={(row) => row.address}
        actions={add}
        empty={{ icon: MailX, title: text.empty, hint: text.emptyHint, action: add }}
        bulk={
          mayChange
            ? (chosen, done) => (
                <Button
                  size="xs"
                  variant="default"
                  loading={lift.isPending}
                  onClick={() =>
                    lift.mutate(
                      chosen.map((row) => row.address),
                      { onSuccess: done },
                    )
                  }
                >
                  {text.lift}
                </Button>
              )
            : undefined
        }
        {...(mayChange
          ? {
              menu: (row: Suppression) => (
                <Tooltip label={text.lift}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`${text.lift}: ${row.address}`}
                    onClick={() => lift.mutate([row.address])}
                  >
                    <Undo2 size={16} />
                  </ActionIcon>
                </Tooltip>
              ),
            }
          : {})}
      />
      {adding ? <AddDialog onClose={() => setAdding(false)} /> : null}
    </>
  );
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const cache = useQueryClient();
  const [address, setAddress] = useState("");
  const [reason, setReason] = useState("manual");
  const add = useMutation({
    mutationFn: () => suppress(address.trim(), reason.trim()),
    onSuccess: async () => {
      onClose();
      await cache.invalidateQueries({ queryKey: ["suppressions"] });
    },
  });
  return (
    <Dialog
      title={text.add}
      error={add.error}
      busy={add.isPending}
      onClose={onClose}
      onSubmit={() => add.mutate()}
    >
      <TextInput
        label={text.address}
        description={text.addressHint}
        required
        data-autofocus
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
      />
      <TextInput
        label={text.reason}
        required
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Dialog>
  );
}
