import { useQuery } from "@tanstack/react-query";
import { rolesQuery } from "../api/admin";
import { kindsQuery, sessionQuery } from "../api/queries";

/** Whether whoever is signed in is allowed something; none until that is known. The server judges anyway. */
export function useMay(): ((permission: string) => boolean) | undefined {
  const session = useQuery(sessionQuery).data;
  const roles = useQuery(rolesQuery).data;
  const own = roles?.items.find(({ role }) => role === session?.user.role);
  return own && ((permission) => own.permissions.some(({ key }) => key === permission));
}

/** Whether they are allowed one of these at least; no until that is known. */
export function useMayAny(permissions: readonly string[]): boolean {
  const may = useMay();
  return may !== undefined && permissions.some(may);
}

/** Whether they may write definitions of a kind, and publish them. Nothing is taken for forbidden before it is known. */
export function useMayWrite(kind: string): { write: boolean; publish: boolean } {
  const may = useMay();
  const asked = useQuery(kindsQuery).data?.items.find((each) => each.kind === kind);
  const allowed = (permission: string | null | undefined) => !may || !permission || may(permission);
  const write = allowed(asked?.write);
  return { write, publish: write && allowed(asked?.publish) };
}
