// What administration asks of the server.
import { queryOptions } from "@tanstack/react-query";
import type { Order } from "../shell/serverSort";
import { body, client } from "./client";
import { ApiError } from "./problem";
import { ordered, pages } from "./queries";
import type { MachineListName, Role } from "./types";

const PAGE = 50;

/** Attributes of accounts and people, managed or not, with what uses them. */
export const fieldsQuery = queryOptions({
  queryKey: ["fields"],
  queryFn: () => body(client.GET("/api/v1/fields")),
  staleTime: 15_000,
});

export const suppressionsQuery = (q: string) =>
  pages(["suppressions", q], (cursor) =>
    body(
      client.GET("/api/v1/suppressions", {
        params: { query: { limit: PAGE, cursor, q: q || undefined } },
      }),
    ),
  );

export const suppress = (address: string, reason: string) =>
  body(
    client.PUT("/api/v1/suppressions/{address}", {
      params: { path: { address } },
      body: { reason },
    }),
  );

export const letWrite = (address: string) =>
  body(client.DELETE("/api/v1/suppressions/{address}", { params: { path: { address } } }));

export const domainQuery = (key: string) =>
  queryOptions({
    queryKey: ["domain", key],
    queryFn: () =>
      body(client.GET("/api/v1/delivery/domains/{key}", { params: { path: { key } } })),
  });

const CHECK = "/api/v1/delivery/domains/{key}/check";
const at = (key: string) => ({ params: { path: { key } } });

/** What was found when a sending domain was last looked up; none: never yet. */
export const domainCheckQuery = (key: string) =>
  queryOptions({
    queryKey: ["domain", key, "check"],
    queryFn: async () => {
      try {
        return await body(client.GET(CHECK, at(key)));
      } catch (error) {
        if (error instanceof ApiError && error.code === "never_checked") return null;
        throw error;
      }
    },
    retry: false,
  });

export const checkDomain = (key: string) => body(client.POST(CHECK, at(key)));

const KEYS = "/api/v1/delivery/domains/{key}/keys";
const keyAt = (key: string, selector: string) => ({ params: { path: { key, selector } } });

/** The keys that sign mail of a domain, and those that wait. */
export const domainKeysQuery = (key: string) =>
  queryOptions({
    queryKey: ["domain", key, "keys"],
    queryFn: () => body(client.GET(KEYS, at(key))),
  });

export const makeDomainKey = (key: string) =>
  body(client.POST(KEYS, { ...at(key), body: { selector: null } }));

export const signWith = (key: string, selector: string) =>
  body(client.POST(`${KEYS}/{selector}/sign`, keyAt(key, selector)));

export const forgetDomainKey = (key: string, selector: string) =>
  body(client.DELETE(`${KEYS}/{selector}`, keyAt(key, selector)));

/** What receivers report of a domain's mail in the last days. */
export const dmarcQuery = (key: string, days: number) =>
  queryOptions({
    queryKey: ["domain", key, "dmarc", days],
    queryFn: () =>
      body(
        client.GET("/api/v1/delivery/domains/{key}/dmarc", {
          params: { path: { key }, query: { days } },
        }),
      ),
  });

/** Takes in a receiver's report as the file that came. */
export const uploadDmarcReport = (file: File) =>
  body(
    client.POST("/api/v1/delivery/dmarc-reports", {
      body: file as never,
      bodySerializer: (it) => it as never,
      headers: { "Content-Type": "application/octet-stream" },
    }),
  );

const LIST = "/api/v1/machines/lists/{list}";
const ofList = (list: MachineListName) => ({ params: { path: { list } } });

/** What was loaded, by whom and when. */
export const machineListsQuery = queryOptions({
  queryKey: ["machine-lists"],
  queryFn: () => body(client.GET("/api/v1/machines/lists")),
});

/** Puts a file in place of the one before; one with any mistake changes nothing. */
export const loadMachineList = (list: MachineListName, file: File) =>
  body(
    client.PUT(LIST, {
      ...ofList(list),
      body: file as never,
      bodySerializer: (it) => it as never,
      headers: { "Content-Type": "text/plain" },
    }),
  );

export const clearMachineList = (list: MachineListName) => body(client.DELETE(LIST, ofList(list)));

/** Address of the file as it was loaded. */
export const machineListFile = (list: MachineListName) => `/api/v1/machines/lists/${list}`;

export const holdQuery = queryOptions({
  queryKey: ["hold"],
  queryFn: () => body(client.GET("/api/v1/delivery/hold")),
});

export const setHold = (held: boolean) =>
  body(client.PUT("/api/v1/delivery/hold", { body: { held } }));

export const importRunsQuery = (key: string) => ({
  ...pages(["connection", key, "imports"], (cursor) =>
    body(
      client.GET("/api/v1/connections/{key}/imports", {
        params: { path: { key }, query: { limit: PAGE, cursor } },
      }),
    ),
  ),
  refetchInterval: 10_000,
});

/** When a connection is looked at next, and what was wrong last time. */
export const importScheduleQuery = (key: string) =>
  queryOptions({
    queryKey: ["connection", key, "schedule"],
    queryFn: () =>
      body(client.GET("/api/v1/connections/{key}/imports/schedule", { params: { path: { key } } })),
    refetchInterval: 10_000,
  });

/** Has a connection looked at now. */
export const lookNow = (key: string) =>
  body(client.POST("/api/v1/connections/{key}/imports/schedule", { params: { path: { key } } }));

/** The roles that users and tokens may have, with what each allows; read again when an access role changes. */
export const rolesQuery = queryOptions({
  queryKey: ["definitions", "access_roles", "granted"],
  queryFn: () => body(client.GET("/api/v1/user_roles")),
  staleTime: 60_000,
});

export const usersQuery = pages(["users"], (cursor) =>
  body(client.GET("/api/v1/users", { params: { query: { limit: PAGE, cursor } } })),
);

export const putUser = (email: string, role: Role, disabled: boolean) =>
  body(
    client.PUT("/api/v1/users/{email}", { params: { path: { email } }, body: { role, disabled } }),
  );

export const resetPassword = (email: string) =>
  body(client.POST("/api/v1/users/{email}/password", { params: { path: { email } } }));

export const deleteUser = (email: string) =>
  body(client.DELETE("/api/v1/users/{email}", { params: { path: { email } } }));

export const tokensQuery = pages(["tokens"], (cursor) =>
  body(client.GET("/api/v1/tokens", { params: { query: { limit: PAGE, cursor } } })),
);

export const makeToken = (name: string, role: Role) =>
  body(client.PUT("/api/v1/tokens/{name}", { params: { path: { name } }, body: { role } }));

export const revokeToken = (name: string) =>
  body(client.DELETE("/api/v1/tokens/{name}", { params: { path: { name } } }));

export const auditQuery = (q: string, order?: Order) =>
  pages(["audit", q, order], (cursor) =>
    body(
      client.GET("/api/v1/audit", {
        params: {
          query: { limit: PAGE, cursor, q: q || undefined, ...ordered<"/api/v1/audit">(order) },
        },
      }),
    ),
  );

export const jobsQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: () => body(client.GET("/api/v1/jobs")),
  refetchInterval: 5_000,
});

export const runJob = (name: string) =>
  body(client.POST("/api/v1/jobs/{name}/run", { params: { path: { name } } }));

export const groupJobsQuery = queryOptions({
  queryKey: ["group-jobs"],
  queryFn: () => body(client.GET("/api/v1/group_jobs")),
  refetchInterval: 5_000,
});

export const runGroupJob = (interest: string, kind: "create" | "maintain") => {
  const params = { params: { path: { key: interest } } };
  return kind === "create"
    ? body(client.POST("/api/v1/solution_interests/{key}/create_groups", params))
    : body(client.POST("/api/v1/solution_interests/{key}/maintain_groups", params));
};

export const storageQuery = queryOptions({
  queryKey: ["storage"],
  queryFn: () => body(client.GET("/api/v1/storage")),
});

export const retentionQuery = queryOptions({
  queryKey: ["retention"],
  queryFn: () => body(client.GET("/api/v1/retention")),
});

/** Every row of a file that arrived and was not taken. */
export const rejectsFile = (connection: string, run: string) =>
  `/api/v1/connections/${encodeURIComponent(connection)}/imports/${encodeURIComponent(run)}/rejects.csv`;
