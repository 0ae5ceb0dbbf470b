// What programs did with the messages to a person: it counts for nothing and is shown only to whoever asks.
import { Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { machineUsesQuery } from "../api/queries";
import type { MachineUse } from "../api/types";
import { useNamesOf } from "../definitions/NamedLink";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Moment } from "../shell/Moment";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";

const text = strings.people.machines;

export function MachineUses({ person }: { person: string }) {
  const { data, error, refetch } = useQuery(machineUsesQuery(person));
  return (
    <Card title={text.title}>
      <Text size="sm" c="dimmed" mb="sm">
        {text.hint}
      </Text>
      {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {!data && !error ? <Skeleton height={80} /> : null}
      {data?.items.length === 0 ? <Text c="dimmed">{text.none}</Text> : null}
      {data && data.items.length > 0 ? <Uses uses={data.items} /> : null}
    </Card>
  );
}

function Uses({ uses }: { uses: MachineUse[] }) {
  const emailNamed = useNamesOf("emails");
  return (
    <ScrollTable label={text.title}>
      <Table.Thead>
        <Table.Tr>
          {Object.values(text.columns).map((column) => (
            <Table.Th key={column} scope="col">
              {column}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {uses.map((use, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: programs do the same in the same instant
          <Table.Tr key={n}>
            <Table.Td>
              <Moment at={use.at} dimmed />
            </Table.Td>
            <Table.Td>{text.what[use.what] ?? use.what}</Table.Td>
            <Table.Td>{emailNamed(use.message)}</Table.Td>
            <Table.Td>{use.url ?? strings.list.none}</Table.Td>
            <Table.Td>{text.patterns[use.pattern] ?? use.pattern}</Table.Td>
            <Table.Td>{use.user_agent ?? strings.list.none}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </ScrollTable>
  );
}
