// Whether a journey does what it is for: who met its goal, beside those who are held out.
import { Table, Text } from "@mantine/core";
import type { JourneyStatus } from "../api/types";
import { Card } from "../shell/Card";
import { formatNumber, formatShare } from "../shell/format";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";

const text = strings.overview.goal;

type Goal = NonNullable<JourneyStatus["goal"]>;
type Conversion = Goal["travellers"];

export function GoalCard({ goal }: { goal: Goal }) {
  const { travellers, held_out: heldOut } = goal;
  const rows = [
    { who: text.travellers, of: travellers },
    ...(heldOut.entered > 0 ? [{ who: text.heldOut, of: heldOut }] : []),
  ];
  return (
    <Card title={text.title}>
      <Text size="sm" c="dimmed" mb="sm">
        {text.hint}
      </Text>
      <ScrollTable label={text.title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{text.columns.who}</Table.Th>
            {[text.columns.could, text.columns.converted, text.columns.rate].map((column) => (
              <Table.Th key={column} scope="col" data-numeric>
                {column}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ who, of }) => (
            <Table.Tr key={who}>
              <Table.Td>{who}</Table.Td>
              <Table.Td data-numeric>{formatNumber(could(of))}</Table.Td>
              <Table.Td data-numeric>{formatNumber(of.converted)}</Table.Td>
              <Table.Td data-numeric>{formatShare(of.converted, could(of))}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </ScrollTable>
      <Text size="sm" fw={600} mt="sm">
        {difference(goal)}
      </Text>
    </Card>
  );
}

const could = ({ entered, before }: Conversion) => entered - before;

/** What the journey adds, in points of a hundred; nothing while there is nothing to compare with. */
export function difference({ travellers, held_out: heldOut }: Goal): string | null {
  if (travellers.rate == null || heldOut.rate == null) return null;
  const points = (travellers.rate - heldOut.rate) * 100;
  const told = Math.abs(points).toFixed(1);
  return points < 0 ? text.fewer(told) : text.more(told);
}
