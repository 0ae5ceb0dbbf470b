// How an account's people fill its buying groups, and who is in several of them.
import { Anchor, Badge, Table, Text } from "@mantine/core";
import { Fragment, lazy, Suspense, useState } from "react";
import type { BuyingGroup } from "../api/types";
import { Card } from "../shell/Card";
import { formatNumber } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { ScrollTable } from "../shell/ScrollTable";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { type Cell, coverageOf, overlapsOf } from "./coverage";
import { groupName, type RolePlace } from "./places";

const text = strings.accounts.coverage;
const RoleMembers = lazy(async () => ({ default: (await import("./RoleMembers")).RoleMembers }));

type Props = { accountKey: string; groups: BuyingGroup[] };

export function Coverage({ accountKey, groups }: Props) {
  const [opened, setOpened] = useState<RolePlace>();
  const { roles } = coverageOf(groups);
  const overlaps = overlapsOf(groups);
  if (roles.length === 0) return null;
  return (
    <div className={overlaps.length > 0 ? classes.columns : undefined}>
      <Card title={text.title}>
        <Text size="xs" c="dimmed" mb="sm">
          {text.hint}
        </Text>
        <Matrix groups={groups} onOpen={setOpened} />
      </Card>
      {overlaps.length > 0 ? <Overlaps overlaps={overlaps} /> : null}
      {opened ? (
        <Suspense fallback={null}>
          <RoleMembers
            account={accountKey}
            groups={groups}
            place={opened}
            onClose={() => setOpened(undefined)}
          />
        </Suspense>
      ) : null}
    </div>
  );
}

type MatrixProps = { groups: BuyingGroup[]; onOpen: (place: RolePlace) => void };

function Matrix({ groups, onOpen }: MatrixProps) {
  const { roles, rows } = coverageOf(groups);
  return (
    <ScrollTable miw={360} label={text.title} fz="sm" verticalSpacing={8}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{text.interest}</Table.Th>
          {roles.map((role) => (
            <Table.Th key={role} ta="right">
              {role}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(({ group, cells }) => (
          <Table.Tr key={group.id}>
            <Table.Td>
              <LinkTo to={at("/groups", group.id)}>{groupName(group)}</LinkTo>
            </Table.Td>
            {cells.map((cell, n) => {
              const role = roles[n] ?? "";
              return (
                <Table.Td key={role} ta="right">
                  <Count
                    cell={cell}
                    label={text.cell(cell?.people ?? 0, role, groupName(group))}
                    onOpen={() => onOpen({ group, role })}
                  />
                </Table.Td>
              );
            })}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </ScrollTable>
  );
}

function Count({ cell, label, onOpen }: { cell: Cell; label: string; onOpen: () => void }) {
  if (!cell) {
    return (
      <Text span inherit c="dimmed" title={text.notWanted}>
        {strings.list.none}
      </Text>
    );
  }
  if (cell.missing) {
    return (
      <Badge color="yellow" variant="light" tt="none" fw={500} title={label}>
        {text.missing}
      </Badge>
    );
  }
  if (cell.people === 0) {
    return (
      <Text span inherit c="dimmed" title={label}>
        {formatNumber(0)}
      </Text>
    );
  }
  return (
    <Anchor component="button" type="button" inherit fw={600} aria-label={label} onClick={onOpen}>
      {formatNumber(cell.people)}
    </Anchor>
  );
}

function Overlaps({ overlaps }: { overlaps: ReturnType<typeof overlapsOf> }) {
  return (
    <Card title={text.overlap}>
      <ScrollTable label={text.overlap} fz="sm" verticalSpacing={8}>
        <Table.Tbody>
          {overlaps.map(({ person, name, job, places }) => (
            <Table.Tr key={person}>
              <Table.Td>
                <LinkTo to={at("/people", person)}>{name}</LinkTo>
                {job ? (
                  <Text size="xs" c="dimmed">
                    {job}
                  </Text>
                ) : null}
              </Table.Td>
              <Table.Td>
                {places.map(({ group, role }, n) => (
                  <Fragment key={group.id}>
                    {n > 0 ? <br /> : null}
                    {text.place(role, groupName(group))}
                  </Fragment>
                ))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </ScrollTable>
    </Card>
  );
}
