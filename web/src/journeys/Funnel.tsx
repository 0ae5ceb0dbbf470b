import { Group, Table, Text, Title } from "@mantine/core";
import { CircleCheck, RefreshCw } from "lucide-react";
import type { PlaceOfTraveller } from "../api/queries";
import type { JourneyMap, JourneyStatus, MapNode } from "../api/types";
import { Tile } from "../map/Card";
import { closes } from "../map/counts";
import { addressOfTravellers } from "../map/shown";
import { formatNumber, formatShare } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ScrollTable } from "../shell/ScrollTable";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { FunnelFile } from "./FunnelFile";
import classes from "./journeys.module.css";

const text = strings.overview;

/** Every node in order with its counts; each row obeys reached = left + current + ended. */
export function Funnel({ map, status }: { map: JourneyMap; status: JourneyStatus }) {
  const rows = map.nodes.map((node) => ({ node, counts: status.nodes[node.id] }));
  const whole = rows.every(({ counts }) => !counts || closes(counts));
  const entered = status.travellers.entered ?? 0;
  const number = (node: string, show: PlaceOfTraveller, count: number | undefined) =>
    count ? (
      <LinkTo className={shell.numberLink} to={addressOfTravellers(map.key, node, { show })}>
        {formatNumber(count)}
      </LinkTo>
    ) : (
      formatNumber(count)
    );
  return (
    <section className={shell.tableFrame} aria-label={text.funnel}>
      <Group justify="space-between" className={classes.funnelHead}>
        <Title order={2}>{text.funnel}</Title>
        <Group gap="sm">
          <span className={classes.equation} data-whole={whole}>
            {whole ? <CircleCheck size={15} aria-hidden /> : <RefreshCw size={15} aria-hidden />}
            {whole ? text.equationHolds : text.equationBroken} {text.equation}
          </span>
          <FunnelFile map={map} status={status} />
        </Group>
      </Group>
      <ScrollTable label={text.funnel} verticalSpacing={8}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{text.columns.node}</Table.Th>
            <Table.Th scope="col">{text.columns.share}</Table.Th>
            <Table.Th scope="col" data-numeric>
              {text.columns.reached}
            </Table.Th>
            <Table.Th scope="col" data-numeric>
              {text.columns.left}
            </Table.Th>
            <Table.Th scope="col" data-numeric>
              {text.columns.current}
            </Table.Th>
            <Table.Th scope="col" data-numeric>
              {text.columns.ended}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ node, counts }) => (
            <Table.Tr key={node.id}>
              <Table.Td>
                <Group gap={10} wrap="nowrap">
                  <Tile node={node} small />
                  <div>
                    <LinkTo
                      className={shell.nameLink}
                      to={`${at("/journeys", map.key)}?node=${encodeURIComponent(node.id)}`}
                    >
                      {node.title}
                    </LinkTo>
                    <Text size="xs" c="dimmed">
                      {inBrief(node)}
                    </Text>
                  </div>
                </Group>
              </Table.Td>
              <Table.Td className={classes.shareCell}>
                <ShareBar family={node.family} part={counts?.reached ?? 0} whole={entered} />
              </Table.Td>
              <Table.Td data-numeric>{number(node.id, "reached", counts?.reached)}</Table.Td>
              <Table.Td data-numeric>{formatNumber(counts?.left)}</Table.Td>
              <Table.Td data-numeric>{number(node.id, "current", counts?.current)}</Table.Td>
              <Table.Td data-numeric>{number(node.id, "ended", counts?.ended)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </ScrollTable>
    </section>
  );
}

/** What tells this node from others of its kind; a bare number needs to be named. */
function inBrief({ facts: [fact], subtitle }: MapNode): string {
  if (!fact) return subtitle;
  return /\p{L}/u.test(fact.value) ? fact.value : `${fact.label}: ${fact.value}`;
}

function ShareBar({ family, part, whole }: { family: string; part: number; whole: number }) {
  const percent = whole === 0 ? 0 : Math.min(100, (part / whole) * 100);
  return (
    <span className={classes.shareBar}>
      <span className={classes.shareTrack} aria-hidden>
        <span data-family={family} style={{ width: `${percent}%` }} />
      </span>
      <span className={classes.shareText}>{formatShare(part, whole)}</span>
    </span>
  );
}
