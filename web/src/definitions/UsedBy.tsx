import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { kindsQuery } from "../api/queries";
import type { SystemState } from "../api/types";
import { Card } from "../shell/Card";
import { humanise } from "../shell/format";
import { NamedLink } from "./NamedLink";

type Named = SystemState["used_by"][number];
type Props = { title: string; users: Named[]; none: string };

/** The definitions that name another one; as long as there are any, it cannot be deleted. */
export function UsedBy({ title, users, none }: Props) {
  const { data: kinds } = useQuery(kindsQuery);
  const kindOf = (kind: string) => kinds?.items.find((each) => each.kind === kind);
  return (
    <Card title={title}>
      {users.length === 0 ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : null}
      <Stack gap={4}>
        {users.map((each) => (
          <Text key={`${each.kind} ${each.key}`} size="sm">
            {kindOf(each.kind)?.label ?? humanise(each.kind)}:{" "}
            <NamedLink plural={kindOf(each.kind)?.plural ?? each.kind} of={each.key} />
          </Text>
        ))}
      </Stack>
    </Card>
  );
}
