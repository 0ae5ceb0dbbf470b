// What a service says of itself: read from its document when it is registered, and what nodes can then say to it.
import { Button, Group, Skeleton, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMay } from "../admin/useMay";
import { ApiError } from "../api/problem";
import { register, registrationQuery, systemQuery } from "../api/systems";
import type { ServiceField } from "../api/types";
import type { PanelProps } from "../definitions/editors";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { ErrorNotice } from "../shell/ErrorNotice";
import { humanise } from "../shell/format";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import { SetSecret } from "./SetSecret";

const text = strings.systems.service;

export default function ServicePanel({ definition, saved }: PanelProps) {
  const cache = useQueryClient();
  const mayChange = useMay()?.("channels:write") === true;
  const { data, error, refetch } = useQuery(registrationQuery(definition));
  const read = useMutation({
    mutationFn: () => register(definition),
    onSuccess: async ({ title }) => {
      notifications.show({ message: text.registered(title) });
      await cache.invalidateQueries({ queryKey: registrationQuery(definition).queryKey });
      await cache.invalidateQueries({
        queryKey: systemQuery("external_actions", definition).queryKey,
      });
    },
  });
  return (
    <Card
      title={data?.title ?? text.title}
      aside={
        mayChange ? (
          <Button
            size="xs"
            variant="default"
            disabled={!saved}
            loading={read.isPending}
            onClick={() => read.mutate()}
          >
            {data ? text.again : text.register}
          </Button>
        ) : null
      }
    >
      {read.error ? <Refusal error={read.error} /> : null}
      {/* Which secrets a service wants is known only once its document was read. */}
      <Group gap="xs" mt="xs">
        {findingsOf(read.error).map(({ code, pointer }) => (
          <SetSecret
            key={`${code} ${pointer}`}
            systems="external_actions"
            system={definition}
            pointer={pointer}
          />
        ))}
      </Group>
      {error ? <ErrorNotice error={error} onRetry={refetch} /> : null}
      {data === undefined && !error ? <Skeleton height={80} /> : null}
      {data === null ? <Text c="dimmed">{text.notYet}</Text> : null}
      {data ? (
        <>
          <FieldTable title={text.takes} none={text.takesNothing} fields={data.parameters} />
          <FieldTable title={text.answers} none={text.answersNothing} fields={data.variables} />
        </>
      ) : null}
    </Card>
  );
}

const findingsOf = (error: Error | null) => (error instanceof ApiError ? error.findings : []);

type FieldTableProps = { title: string; none: string; fields: ServiceField[] };

function FieldTable({ title, none, fields }: FieldTableProps) {
  return (
    <>
      <Text size="sm" fw={600} mt="sm">
        {title}
      </Text>
      {fields.length === 0 ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : (
        <ScrollTable label={title} fz="sm" verticalSpacing={6}>
          <Table.Tbody>
            {fields.map((field) => (
              <Table.Tr key={field.key}>
                <Table.Td>{field.key}</Table.Td>
                <Table.Td>{humanise(field.type)}</Table.Td>
                <Table.Td>{field.required ? text.required : ""}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </ScrollTable>
      )}
    </>
  );
}
