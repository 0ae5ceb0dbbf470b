import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { rolesQuery } from "../api/admin";
import type { Role } from "../api/types";

type Props = { label: string; value: Role; onChange: (role: Role) => void };

/** A role, built in or your own, with what it is for below it; nobody gives one that allows more than theirs. */
export function RoleSelect({ label, value, onChange }: Props) {
  const { data } = useQuery(rolesQuery);
  const roles = data?.items ?? [];
  return (
    <Select
      label={label}
      description={roles.find(({ role }) => role === value)?.about}
      allowDeselect={false}
      data={roles.map(({ role, name, may_give }) => ({
        value: role,
        label: name,
        disabled: !may_give,
      }))}
      value={value}
      onChange={(role) => role && onChange(role)}
    />
  );
}
