// API tokens: what each is for, when it was used, and making one, which is shown once.
import { Button, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { makeToken, revokeToken, tokensQuery } from "../api/admin";
import type { Role, TokenRow } from "../api/types";
import { momentColumn, textColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { Dialog } from "../shell/Dialog";
import { ListSection } from "../shell/ListPage";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { RoleSelect } from "./RoleSelect";
import { Secret } from "./Secret";
import { useRoleName } from "./useRoleName";

const text = strings.admin.tokens;

const columnsOf = (roleName: (key: string) => string): Column<TokenRow>[] => [
  {
    id: "name",
    label: text.columns.name,
    fixed: true,
    value: (row) => row.name,
    cell: (row) => <b>{row.name}</b>,
  },
  textColumn("role", text.columns.role, (row) => roleName(row.role)),
  momentColumn("used", text.columns.used, (row) => row.last_used_at, text.never),
  momentColumn("created", text.columns.created, (row) => row.created_at),
];

export function TokensTab() {
  const roleName = useRoleName();
  const rows = useRows(tokensQuery);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<{ names: string[]; done: () => void }>();
  const [made, setMade] = useState<{ name: string; token: string }>();
  const make = (
    <Button leftSection={<Plus size={15} aria-hidden />} onClick={() => setMaking(true)}>
      {text.make}
    </Button>
  );
  return (
    <>
      <ListSection
        id="tokens"
        title={strings.admin.tabs.tokens}
        rows={rows}
        columns={columnsOf(roleName)}
        rowKey={(row) => row.name}
        actions={make}
        empty={{ icon: KeyRound, title: text.empty, hint: text.emptyHint, action: make }}
        bulk={(chosen, done) => (
          <Button
            size="xs"
            color="red"
            variant="light"
            onClick={() => setRevoking({ names: chosen.map(({ name }) => name), done })}
          >
            {text.remove}
          </Button>
        )}
      />
      {making ? <MakeDialog onClose={() => setMaking(false)} onMade={setMade} /> : null}
      {revoking ? <RevokeDialog {...revoking} onClose={() => setRevoking(undefined)} /> : null}
      {made ? (
        <Secret
          title={text.secret(made.name)}
          secret={made.token}
          onClose={() => setMade(undefined)}
        />
      ) : null}
    </>
  );
}

type MakeProps = { onClose: () => void; onMade: (made: { name: string; token: string }) => void };

function MakeDialog({ onClose, onMade }: MakeProps) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const make = useMutation({
    mutationFn: () => makeToken(name.trim(), role),
    onSuccess: async (made) => {
      onClose();
      onMade(made);
      await cache.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
  });
  return (
    <Dialog
      title={text.makeTitle}
      error={make.error}
      busy={make.isPending}
      submit={text.make}
      onClose={onClose}
      onSubmit={() => make.mutate()}
    >
      <TextInput
        label={text.name}
        description={text.nameHint}
        maxLength={100}
        data-autofocus
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <RoleSelect label={text.columns.role} value={role} onChange={setRole} />
    </Dialog>
  );
}

type RevokeProps = { names: string[]; done: () => void; onClose: () => void };

function RevokeDialog({ names, done, onClose }: RevokeProps) {
  const cache = useQueryClient();
  const revoke = useMutation({
    mutationFn: async () => {
      for (const name of names) await revokeToken(name);
    },
    onSuccess: () => {
      notifications.show({ message: text.removed });
      done();
      onClose();
    },
    onSettled: () => cache.invalidateQueries({ queryKey: tokensQuery.queryKey }),
  });
  return (
    <Dialog
      title={text.removeTitle(names.length)}
      error={revoke.error}
      busy={revoke.isPending}
      ready
      submit={text.remove}
      onClose={onClose}
      onSubmit={() => revoke.mutate()}
    >
      <Text fw={600}>{names.join(", ")}</Text>
      <Text c="dimmed">{text.removeText}</Text>
    </Dialog>
  );
}
