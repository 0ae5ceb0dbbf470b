// The sum that is a group's completeness: what each role adds.
import { Table, Text } from "@mantine/core";
import type { ExplainedScores } from "../api/types";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import { exact } from "./exact";
import classes from "./groups.module.css";

const text = strings.groups.scores;

export function CompletenessTerms({ sum }: { sum: ExplainedScores["completeness"] }) {
  const required = sum.required_roles;
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        {required === 0 ? text.noneRequired : text.completenessSum(required)}
      </Text>
      <ScrollTable label={text.completeness} className={classes.terms}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.columns.role}</Table.Th>
            <Table.Th>{text.columns.members}</Table.Th>
            <Table.Th data-numeric>{text.columns.filled}</Table.Th>
            <Table.Th data-numeric>{text.columns.adds}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sum.roles.map((role) => (
            <Table.Tr key={role.role}>
              <Table.Td>
                {role.role}
                {role.required ? null : (
                  <Text span inherit c="dimmed">
                    {" "}
                    · {text.notRequired}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>{text.needed(role.members, role.members_required)}</Table.Td>
              <Table.Td data-numeric>{exact(role.filled)}%</Table.Td>
              <Table.Td data-numeric>
                {role.required ? exact(role.adds) : strings.list.none}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th colSpan={3} scope="row">
              {text.score}
            </Table.Th>
            <Table.Td data-numeric data-term="completeness">
              {exact(sum.sum)}
            </Table.Td>
          </Table.Tr>
        </Table.Tfoot>
      </ScrollTable>
    </>
  );
}
