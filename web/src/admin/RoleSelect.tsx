import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { rolesQuery } from "../api/admin";
import type { Role } from "../api/types";
import { humanise } from "../shell/format";

type Props = { label: string; value: Role; onChange: (role: Role) => void };

/** A built-in role, with what it is for below it. */
export function RoleSelect({ label, value, onChange }: Props) {
  const { data } = useQuery(rolesQuery);
  const roles = data?.items ?? [];
  return (
    <Select
      label={label}
      description={roles.find(({ role }) => role === value)?.about}
      allowDeselect={false}
      data={roles.map(({ role }) => ({ value: role, label: humanise(role) }))}
      value={value}
      onChange={(role) => role && onChange(role as Role)}
    />
  );
}
