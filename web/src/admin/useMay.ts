import { useQuery } from "@tanstack/react-query";
import { rolesQuery } from "../api/admin";
import { sessionQuery } from "../api/queries";

/** Whether whoever is signed in is allowed something; none until that is known. The server judges anyway. */
export function useMay(): ((permission: string) => boolean) | undefined {
  const session = useQuery(sessionQuery).data;
  const roles = useQuery(rolesQuery).data;
  const own = roles?.items.find(({ role }) => role === session?.user.role);
  return own && ((permission) => own.permissions.some(({ key }) => key === permission));
}
