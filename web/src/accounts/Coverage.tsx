// How an account's people fill its buying groups, and who is in several of them.
import { Table, Text } from "@mantine/core";
import { Fragment } from "react";
import type { BuyingGroup } from "../api/types";
import { Card } from "../shell/Card";
import { formatNumber } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";
import { coverageOf, overlapsOf } from "./coverage";

const text = strings.accounts.coverage;

const nameOf = (group: BuyingGroup) => group.name ?? group.solution_interest;

export function Coverage({ groups }: { groups: BuyingGroup[] }) {
  const { roles, rows } = coverageOf(groups);
  const overlaps = overlapsOf(groups);
  // One group's own card says as much.
  if (groups.length < 2 || roles.length === 0) return null;
  return (
    <div className={overlaps.length > 0 ? classes.columns : undefined}>
      <Card title={text.title}>
        <Table.ScrollContainer minWidth={360}>
          <Table aria-label={text.title} fz="sm" verticalSpacing={8}>
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
              {rows.map(({ group, counts }) => (
                <Table.Tr key={group.id}>
                  <Table.Td>
                    <LinkTo to={at("/groups", group.id)}>{nameOf(group)}</LinkTo>
                  </Table.Td>
                  {counts.map((count, n) => (
                    <Table.Td key={roles[n]} ta="right">
                      {count === 0 ? (
                        <Text span inherit c="dimmed">
                          {strings.list.none}
                        </Text>
                      ) : (
                        formatNumber(count)
                      )}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Card>
      {overlaps.length > 0 ? (
        <Card title={text.overlap}>
          <Table aria-label={text.overlap} fz="sm" verticalSpacing={8}>
            <Table.Tbody>
              {overlaps.map(({ person, name, places }) => (
                <Table.Tr key={person}>
                  <Table.Td>
                    <LinkTo to={at("/people", person)}>{name}</LinkTo>
                  </Table.Td>
                  <Table.Td>
                    {places.map(({ group, role }, n) => (
                      <Fragment key={group.id}>
                        {n > 0 ? <br /> : null}
                        {text.place(role, nameOf(group))}
                      </Fragment>
                    ))}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      ) : null}
    </div>
  );
}
