// The roles of a live template: fixed, but for how many members each of them needs.
import { NumberInput, Table, Text } from "@mantine/core";
import { useNames } from "../conditions/useNames";
import { conditionWords } from "../conditions/words";
import type { EditorProps } from "../definitions/editors";
import { type Fields, isRecord } from "../editor/manifest";
import { Card } from "../shell/Card";
import { humanise } from "../shell/format";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import classes from "./groups.module.css";

const text = strings.groups.liveRoles;
const MOST_MEMBERS = 999;

export default function LiveRoles({ body, onChange, errors }: EditorProps) {
  const roles = Array.isArray(body.roles) ? body.roles.filter(isRecord) : [];
  const names = useNames(body.roles);
  const put = (n: number, needed: number) =>
    onChange({ ...body, roles: roles.with(n, { ...roles[n], members_required: needed }) });
  return (
    <Card title={text.title}>
      <ScrollTable label={text.title} className={classes.terms}>
        <Table.Thead>
          <Table.Tr>
            {Object.entries(text.columns).map(([id, label]) => (
              <Table.Th key={id}>{label}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {roles.map((role, n) => (
            <Table.Tr key={String(role.role)}>
              <Table.Td>
                <b>{String(role.role)}</b>
                <Text size="xs" c="dimmed">
                  {role.required === true ? strings.groups.required : strings.groups.optional}
                </Text>
              </Table.Td>
              <Table.Td>{humanise(String(role.weighting ?? "normal"))}</Table.Td>
              <Table.Td>
                {role.when === undefined ? text.byHand : conditionWords(role.when, names)}
              </Table.Td>
              <Table.Td>
                <NumberInput
                  size="xs"
                  w={90}
                  aria-label={text.needs(String(role.role))}
                  min={1}
                  max={MOST_MEMBERS}
                  allowDecimal={false}
                  clampBehavior="strict"
                  error={errors.get(`/roles/${n}/members_required`)}
                  value={neededOf(role)}
                  onChange={(needed) => needed !== "" && put(n, Number(needed))}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </ScrollTable>
    </Card>
  );
}

const neededOf = (role: Fields) =>
  typeof role.members_required === "number" ? role.members_required : 1;
