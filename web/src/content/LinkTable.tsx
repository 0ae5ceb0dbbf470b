// The links of an email, where each leads, whether its clicks are counted, and how often it was followed.
import { Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { emailPreviewQuery, linkFiguresQuery, type Viewer } from "../api/content";
import type { Fields } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { formatNumber } from "../shell/format";
import { strings } from "../strings";

const text = strings.content.links;

type Props = { definition: string; body: Fields; viewer: Viewer };

export function LinkTable({ definition, body, viewer }: Props) {
  const { data, error } = useQuery(emailPreviewQuery(definition, body, viewer));
  const { data: figures } = useQuery(linkFiguresQuery(definition));
  if (error) return <Refusal error={error} />;
  if (!data) return <Skeleton height={200} />;
  if (data.links.length === 0) return <Text c="dimmed">{text.none}</Text>;
  const sum = (number: number, of: "clicked" | "clicks") =>
    (figures?.items ?? [])
      .filter(({ link }) => link === number)
      .reduce((all, each) => all + each[of], 0);
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {text.hint}
      </Text>
      <Table.ScrollContainer minWidth={640}>
        <Table fz="sm" verticalSpacing={6} aria-label={strings.content.email.views.links}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{text.number}</Table.Th>
              <Table.Th>{text.label}</Table.Th>
              <Table.Th>{text.target}</Table.Th>
              <Table.Th>{text.tracking}</Table.Th>
              <Table.Th ta="right">{text.clicked}</Table.Th>
              <Table.Th ta="right">{text.clicks}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.links.map((link) => (
              <Table.Tr key={link.number}>
                <Table.Td>{link.number + 1}</Table.Td>
                <Table.Td fw={600}>{link.label || strings.list.none}</Table.Td>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{link.target}</Table.Td>
                <Table.Td>{text.trackings[link.tracking] ?? link.tracking}</Table.Td>
                <Table.Td ta="right">{formatNumber(sum(link.number, "clicked"))}</Table.Td>
                <Table.Td ta="right">{formatNumber(sum(link.number, "clicks"))}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}
