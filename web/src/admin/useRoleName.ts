import { useQuery } from "@tanstack/react-query";
import { rolesQuery } from "../api/admin";
import { humanise } from "../shell/format";

/** What people call a role that users and tokens carry by its key. */
export function useRoleName(): (key: string) => string {
  const { data } = useQuery(rolesQuery);
  return (key) => data?.items.find(({ role }) => role === key)?.name ?? humanise(key);
}
