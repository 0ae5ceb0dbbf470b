// Gives people a role in a buying group, or another one.
import { Select } from "@mantine/core";
import { useState } from "react";
import { assignMembers } from "../api/groups";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import { useGroupChange } from "./GroupDialogs";

const text = strings.groups.member;

type Props = {
  group: { id: string; roles: { role: string }[] };
  people: string[];
  title: string;
  onClose: () => void;
};

export function RoleDialog({ group, people, title, onClose }: Props) {
  const [role, setRole] = useState<string | null>(null);
  const assign = useGroupChange((to: string) => assignMembers(group.id, to, people), onClose);
  return (
    <Dialog
      title={title}
      error={assign.error}
      busy={assign.isPending}
      ready={role !== null}
      onClose={onClose}
      onSubmit={() => role && assign.mutate(role)}
    >
      <Select
        label={text.role}
        data-autofocus
        data={group.roles.map((each) => each.role)}
        value={role}
        onChange={setRole}
      />
    </Dialog>
  );
}
