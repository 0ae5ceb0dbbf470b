// What a hand does with a person's places in buying groups: another role, out of one, into another.
import { ActionIcon, Button, Menu, Select } from "@mantine/core";
import { Ellipsis, Plus } from "lucide-react";
import { useState } from "react";
import { groupName, type RolePlace } from "../accounts/places";
import { assignMembers, removeMembers } from "../api/groups";
import type { BuyingGroup } from "../api/types";
import { useGroupChange } from "../groups/GroupDialogs";
import { RoleDialog } from "../groups/RoleDialog";
import { Dialog } from "../shell/Dialog";
import { tellFailure } from "../shell/tellFailure";
import { strings } from "../strings";

const text = strings.people.groups;
const { member } = strings.groups;

export function PlaceMenu({ person, place }: { person: string; place: RolePlace }) {
  const [changing, setChanging] = useState(false);
  const { group } = place;
  const remove = useGroupChange(
    () => removeMembers(group.id, [person]),
    () => {},
    tellFailure,
  );
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={text.actions(groupName(group))}
            loading={remove.isPending}
          >
            <Ellipsis size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setChanging(true)}>{member.changeRole}</Menu.Item>
          <Menu.Item color="red" onClick={() => remove.mutate(undefined)}>
            {member.remove}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {changing ? (
        <RoleDialog
          group={group}
          people={[person]}
          title={member.changeRole}
          onClose={() => setChanging(false)}
        />
      ) : null}
    </>
  );
}

type AddProps = { person: string; groups: BuyingGroup[] };

export function AddToGroup(props: AddProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<Plus size={14} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        {text.add}
      </Button>
      {open ? <AddDialog {...props} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

/** Groups of the person's accounts in which they are not, and the roles that each has. */
function AddDialog({ person, groups, onClose }: AddProps & { onClose: () => void }) {
  const [chosen, setChosen] = useState(groups.length === 1 ? groups[0] : undefined);
  const [role, setRole] = useState<string | null>(null);
  const assign = useGroupChange(
    (to: { group: string; role: string }) => assignMembers(to.group, to.role, [person]),
    onClose,
  );
  return (
    <Dialog
      title={text.add}
      error={assign.error}
      busy={assign.isPending}
      ready={chosen !== undefined && role !== null}
      onClose={onClose}
      onSubmit={() => chosen && role && assign.mutate({ group: chosen.id, role })}
    >
      <Select
        label={strings.accounts.coverage.columns.group}
        data-autofocus
        data={groups.map((group) => ({ value: group.id, label: groupName(group) }))}
        value={chosen?.id ?? null}
        onChange={(id) => {
          setChosen(groups.find((group) => group.id === id));
          setRole(null);
        }}
      />
      <Select
        label={member.role}
        data={chosen?.roles.map((each) => each.role) ?? []}
        value={role}
        onChange={setRole}
      />
    </Dialog>
  );
}
