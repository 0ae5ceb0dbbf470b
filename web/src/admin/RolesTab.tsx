// What each role may do, built in or your own, as a table of permissions.
import { Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Check, Minus } from "lucide-react";
import { rolesQuery } from "../api/admin";
import { addressOf } from "../definitions/address";
import { ErrorNotice } from "../shell/ErrorNotice";
import { LinkTo } from "../shell/LinkTo";
import { ScrollTable } from "../shell/ScrollTable";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import own from "./admin.module.css";

const text = strings.admin.roles;

export function RolesTab() {
  const { data, error, refetch } = useQuery(rolesQuery);
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  const roles = data?.items ?? [];
  // Whoever may everything names every permission there is.
  const all = roles.reduce(
    (most, { permissions }) => (permissions.length > most.length ? permissions : most),
    [] as (typeof roles)[number]["permissions"],
  );
  return (
    <div className={classes.stack}>
      <Text size="sm" c="dimmed">
        {text.hint}
      </Text>
      <div className={classes.tableFrame}>
        <ScrollTable label={strings.admin.tabs.roles} className={own.matrix}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{text.permission}</Table.Th>
              {roles.map(({ role, name, about, built_in }) => (
                <Table.Th key={role} scope="col" data-may title={about}>
                  {built_in ? name : <LinkTo to={addressOf("access_roles", role)}>{name}</LinkTo>}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {all.map(({ key, about }) => (
              <Table.Tr key={key}>
                <Table.Td>{about}</Table.Td>
                {roles.map(({ role, permissions }) => {
                  const may = permissions.some((each) => each.key === key);
                  const Icon = may ? Check : Minus;
                  return (
                    <Table.Td key={role} data-may={may}>
                      <Icon size={16} role="img" aria-label={may ? text.yes : text.no} />
                    </Table.Td>
                  );
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </ScrollTable>
      </div>
    </div>
  );
}
