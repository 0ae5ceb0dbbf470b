// The links of an email, where each leads, how its clicks are tracked, and how often it was followed.
import { NativeSelect, Skeleton, Table, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { emailPreviewQuery, linkFiguresQuery, type Viewer } from "../api/content";
import { type Fields, isRecord } from "../editor/manifest";
import { Refusal } from "../journeys/Refusal";
import { formatNumber } from "../shell/format";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";

const text = strings.content.links;

type Props = {
  definition: string;
  body: Fields;
  onBody: (body: Fields) => void;
  viewer: Viewer;
};

/** What an author may choose; a link that is no page of the web is never tracked. */
const CHOICES = ["tracked", "with_token", "off"] as const;

/** The email with another tracking of the links that lead to `target`. */
function tracked(body: Fields, target: string, tracking: string): Fields {
  const { [target]: _, ...others } = isRecord(body.links) ? body.links : {};
  const { links: __, ...rest } = body;
  const links = tracking === "tracked" ? others : { ...others, [target]: tracking };
  return Object.keys(links).length > 0 ? { ...rest, links } : rest;
}

export function LinkTable({ definition, body, onBody, viewer }: Props) {
  const { data, error } = useQuery({
    ...emailPreviewQuery("emails", definition, body, viewer),
    placeholderData: keepPreviousData,
  });
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
      <ScrollTable label={strings.content.email.views.links} miw={640} fz="sm" verticalSpacing={6}>
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
              <Table.Td>
                {link.tracking === "never" ? (
                  text.trackings.never
                ) : (
                  <NativeSelect
                    size="xs"
                    aria-label={text.trackingOf(link.label || link.target)}
                    data={CHOICES.map((value) => ({ value, label: text.trackings[value] }))}
                    value={link.tracking}
                    onChange={(event) =>
                      onBody(tracked(body, link.target, event.currentTarget.value))
                    }
                  />
                )}
              </Table.Td>
              <Table.Td ta="right">{formatNumber(sum(link.number, "clicked"))}</Table.Td>
              <Table.Td ta="right">{formatNumber(sum(link.number, "clicks"))}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </ScrollTable>
    </>
  );
}
