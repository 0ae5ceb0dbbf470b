// What each column of the file becomes; names that are known are filled in already.
import { Alert, Button, Group, Select, Stack, Table, Text } from "@mantine/core";
import { ScrollTable } from "../shell/ScrollTable";
import { strings } from "../strings";
import { doubled, type Mapping, missing, type Target } from "./columns";
import type { Sample } from "./send";

const text = strings.imports;

type Props = {
  kind: string;
  name: string;
  sample: Sample;
  targets: Target[];
  mapping: Mapping;
  onChange: (mapping: Mapping) => void;
  onBack: () => void;
  onNext: () => void;
};

export function Mapper(props: Props) {
  const { kind, name, sample, targets, mapping, onChange, onBack, onNext } = props;
  const lacking = missing(kind, mapping);
  const twice = doubled(mapping);
  const label = (value: string) => targets.find((each) => each.value === value)?.label ?? value;
  return (
    <Stack gap="md">
      <Text>{text.mapLead(sample.columns.length, name)}</Text>
      <ScrollTable miw={560} label={text.steps.map} verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.column}</Table.Th>
            <Table.Th>{text.example}</Table.Th>
            <Table.Th>{text.target}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sample.columns.map((column, n) => (
            <Table.Tr key={column}>
              <Table.Td fw={600}>{column}</Table.Td>
              <Table.Td maw={280}>
                <Text size="sm" c="dimmed" truncate>
                  {sample.rows.map((row) => row[n]).find((cell) => cell) ?? strings.list.none}
                </Text>
              </Table.Td>
              <Table.Td>
                <Select
                  aria-label={`${column}: ${text.target}`}
                  searchable
                  clearable
                  placeholder={text.ignore}
                  nothingFoundMessage={strings.forms.nothingFound}
                  data={targets}
                  value={mapping[column] || null}
                  onChange={(next) => onChange({ ...mapping, [column]: next ?? "" })}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </ScrollTable>
      {lacking.length > 0 ? (
        <Alert color="yellow" variant="light" role="status">
          {text.needs(lacking.map((group) => text.oneOf(group.map(label))).join(", "))}
        </Alert>
      ) : null}
      {twice ? (
        <Alert color="yellow" variant="light" role="status">
          {text.twice}
        </Alert>
      ) : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onBack}>
          {text.previous}
        </Button>
        <Button disabled={lacking.length > 0 || twice} onClick={onNext}>
          {text.check}
        </Button>
      </Group>
    </Stack>
  );
}
