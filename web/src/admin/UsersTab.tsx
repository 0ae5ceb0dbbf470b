// Who may sign in, and as what.
import { ActionIcon, Button, Menu, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, Plus, Trash2, UserRound } from "lucide-react";
import { useState } from "react";
import { deleteUser, putUser, resetPassword, usersQuery } from "../api/admin";
import type { Role, UserRow } from "../api/types";
import { momentColumn, textColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { Dialog } from "../shell/Dialog";
import { ListSection } from "../shell/ListPage";
import { useRows } from "../shell/useRows";
import { strings } from "../strings";
import { RoleSelect } from "./RoleSelect";
import { Secret } from "./Secret";
import { useRoleName } from "./useRoleName";

const text = strings.admin.users;

const columnsOf = (roleName: (key: string) => string): Column<UserRow>[] => [
  {
    id: "email",
    label: text.columns.email,
    fixed: true,
    value: (row) => row.email,
    cell: (row) => <b>{row.email}</b>,
  },
  textColumn("role", text.columns.role, (row) => roleName(row.role)),
  {
    id: "state",
    label: text.columns.state,
    value: (row) => !row.disabled,
    cell: (row) => (row.disabled ? text.disabled : text.active),
  },
  momentColumn("signedIn", text.columns.signedIn, (row) => row.signed_in_at, text.nobody),
  momentColumn("created", text.columns.created, (row) => row.created_at),
];

type Doing = { what: "role" | "reset" | "remove"; user: UserRow };

export function UsersTab() {
  const roleName = useRoleName();
  const rows = useRows(usersQuery);
  const [adding, setAdding] = useState(false);
  const [doing, setDoing] = useState<Doing>();
  const [secret, setSecret] = useState<{ email: string; password: string }>();
  const tell = (email: string, password: string | null | undefined) =>
    password && setSecret({ email, password });
  const allow = useUserChange(
    (user: UserRow) => putUser(user.email, user.role, !user.disabled),
    (user) => (user.disabled ? text.enabled : text.blocked),
    () => {},
  );
  const add = (
    <Button leftSection={<Plus size={15} aria-hidden />} onClick={() => setAdding(true)}>
      {text.add}
    </Button>
  );
  return (
    <>
      <ListSection
        id="users"
        title={strings.admin.tabs.users}
        rows={rows}
        columns={columnsOf(roleName)}
        rowKey={(row) => row.email}
        actions={add}
        empty={{ icon: UserRound, title: text.empty, hint: text.emptyHint, action: add }}
        menu={(user) => (
          <RowMenu
            user={user}
            onChoose={(what) => setDoing({ what, user })}
            onAllow={() => allow.mutate(user)}
          />
        )}
      />
      {adding ? <AddDialog onClose={() => setAdding(false)} onAdded={tell} /> : null}
      {doing?.what === "role" ? (
        <RoleDialog user={doing.user} onClose={() => setDoing(undefined)} />
      ) : null}
      {doing?.what === "reset" ? (
        <ResetDialog user={doing.user} onClose={() => setDoing(undefined)} onReset={tell} />
      ) : null}
      {doing?.what === "remove" ? (
        <RemoveUserDialog user={doing.user} onClose={() => setDoing(undefined)} />
      ) : null}
      {secret ? (
        <Secret
          title={text.password(secret.email)}
          secret={secret.password}
          onClose={() => setSecret(undefined)}
        />
      ) : null}
    </>
  );
}

type MenuProps = { user: UserRow; onChoose: (what: Doing["what"]) => void; onAllow: () => void };

function RowMenu({ user, onChoose, onAllow }: MenuProps) {
  return (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={strings.list.rowMenu(user.email)}>
          <Ellipsis size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onChoose("role")}>{text.change}</Menu.Item>
        <Menu.Item onClick={() => onChoose("reset")}>{text.reset}</Menu.Item>
        <Menu.Item onClick={onAllow}>{user.disabled ? text.enable : text.disable}</Menu.Item>
        <Menu.Item
          color="red"
          leftSection={<Trash2 size={14} />}
          onClick={() => onChoose("remove")}
        >
          {text.remove}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Does it, says so, and has the list read again; refusals without a dialog are told as they come. */
function useUserChange<V, R>(
  change: (value: V) => Promise<R>,
  told: (value: V) => string | undefined,
  onDone: (done: R) => void,
) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (done, value) => {
      const message = told(value);
      if (message) notifications.show({ message });
      onDone(done);
      await cache.invalidateQueries({ queryKey: usersQuery.queryKey });
    },
    onError: (error) => notifications.show({ color: "red", message: error.message }),
  });
}

type Told = (email: string, password: string | null | undefined) => void;

function AddDialog({ onClose, onAdded }: { onClose: () => void; onAdded: Told }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("journey_manager");
  const add = useUserChange(
    () => putUser(email.trim(), role, false),
    () => undefined,
    (done) => {
      onClose();
      onAdded(done.email, done.password);
    },
  );
  return (
    <Dialog
      title={text.addTitle}
      error={add.error}
      busy={add.isPending}
      submit={text.add}
      onClose={onClose}
      onSubmit={() => add.mutate(undefined)}
    >
      <TextInput
        label={text.email}
        type="email"
        data-autofocus
        required
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <RoleSelect label={text.role} value={role} onChange={setRole} />
    </Dialog>
  );
}

function RoleDialog({ user, onClose }: { user: UserRow; onClose: () => void }) {
  const [role, setRole] = useState(user.role);
  const change = useUserChange(
    () => putUser(user.email, role, user.disabled),
    () => text.changed,
    onClose,
  );
  return (
    <Dialog
      title={text.changeTitle(user.email)}
      error={change.error}
      busy={change.isPending}
      ready={role !== user.role}
      onClose={onClose}
      onSubmit={() => change.mutate(undefined)}
    >
      <RoleSelect label={text.role} value={role} onChange={setRole} />
    </Dialog>
  );
}

type ResetProps = { user: UserRow; onClose: () => void; onReset: Told };

function ResetDialog({ user, onClose, onReset }: ResetProps) {
  const reset = useUserChange(
    () => resetPassword(user.email),
    () => undefined,
    (done) => {
      onClose();
      onReset(user.email, done.password);
    },
  );
  return (
    <Dialog
      title={text.resetTitle(user.email)}
      error={reset.error}
      busy={reset.isPending}
      ready
      submit={text.reset}
      onClose={onClose}
      onSubmit={() => reset.mutate(undefined)}
    >
      <Text c="dimmed">{text.resetText}</Text>
    </Dialog>
  );
}

function RemoveUserDialog({ user, onClose }: { user: UserRow; onClose: () => void }) {
  const remove = useUserChange(
    () => deleteUser(user.email),
    () => text.removed,
    onClose,
  );
  return (
    <Dialog
      title={text.removeTitle(user.email)}
      error={remove.error}
      busy={remove.isPending}
      ready
      submit={text.remove}
      onClose={onClose}
      onSubmit={() => remove.mutate(undefined)}
    >
      <Text c="dimmed">{text.removeText}</Text>
    </Dialog>
  );
}
