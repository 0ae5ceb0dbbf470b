// What a buying group must be like: interest, stage, status, completeness, engagement, roles.
import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Select,
  Stack,
  Switch,
  TextInput,
} from "@mantine/core";
import { Plus, X } from "lucide-react";
import { type Fields, isRecord } from "../editor/manifest";
import { ReferencePicker, useDefinitions } from "../forms/ReferencePicker";
import { FieldInput } from "../forms/SchemaForm";
import { strings } from "../strings";
import { OperatorRow } from "./OperatorRow";

const text = strings.conditions;
const NUMBERS = ["completeness", "engagement"] as const;

type Props = { member: boolean; value: Fields; onChange: (value: Fields) => void };

export function GroupFacts({ member, value, onChange }: Props) {
  const set = (name: string, next: unknown) => {
    const { [name]: _, ...rest } = value;
    onChange(next === undefined || next === "" ? rest : { ...rest, [name]: next });
  };
  const plain = (name: string) => (typeof value[name] === "string" ? (value[name] as string) : "");
  return (
    <Stack gap="xs">
      <ReferencePicker
        kind="solution_interest"
        label={text.interest}
        value={value.solution_interest}
        onChange={(interest) => set("solution_interest", interest)}
      />
      {member ? (
        <RolePicker
          label={text.role}
          value={plain("role")}
          onChange={(role) => set("role", role)}
        />
      ) : null}
      <Group gap="xs" grow align="flex-start">
        <FieldInput
          name="stage"
          field={{
            input: "stage",
            of: "solution_interest",
            required: false,
            help: undefined,
            label: undefined,
          }}
          whole={value}
          value={value.stage}
          onChange={(stage) => set("stage", stage)}
          errors={NONE}
          at=""
          subject="account"
        />
        <TextInput
          label={text.status}
          value={plain("status")}
          onChange={(event) => set("status", event.currentTarget.value)}
        />
      </Group>
      {NUMBERS.map((name) =>
        isRecord(value[name]) ? (
          <Group key={name} gap="xs" align="flex-end" wrap="nowrap">
            <div style={{ flex: 1 }}>
              <span>{text[name]}</span>
              <OperatorRow
                test={value[name] as Fields}
                typed={{ type: "number" }}
                onChange={(test) => set(name, test)}
              />
            </div>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={strings.forms.removeNamed(text[name])}
              onClick={() => set(name, undefined)}
            >
              <X size={15} />
            </ActionIcon>
          </Group>
        ) : (
          <div key={name}>
            <Button
              size="compact-xs"
              variant="subtle"
              leftSection={<Plus size={13} />}
              onClick={() => set(name, { at_least: 50 })}
            >
              {text[name]}
            </Button>
          </div>
        ),
      )}
      {member ? (
        <Switch
          size="xs"
          label={text.removed}
          checked={value.removed === true}
          onChange={(event) => set("removed", event.currentTarget.checked || undefined)}
        />
      ) : (
        <RoleCounts value={value.roles} onChange={(roles) => set("roles", roles)} />
      )}
    </Stack>
  );
}

const NONE = new Map<string, string>();

function RolePicker({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (role: string | undefined) => void;
}) {
  const { options } = useDefinitions("role");
  return (
    <Select
      label={label}
      searchable
      clearable
      data={options.map(({ value, label }) => ({ value, label }))}
      value={value === "" ? null : value}
      onChange={(role) => onChange(role ?? undefined)}
    />
  );
}

function RoleCounts({
  value,
  onChange,
}: {
  value: unknown;
  onChange: (roles: Fields[] | undefined) => void;
}) {
  const rows = Array.isArray(value) ? value.filter(isRecord) : [];
  const put = (next: Fields[]) => onChange(next.length > 0 ? next : undefined);
  return (
    <Stack gap="xs">
      {rows.map((row, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no names of their own
        <Group key={n} gap="xs" align="flex-end" wrap="nowrap">
          <div style={{ flex: 1 }}>
            <RolePicker
              label={text.role}
              value={String(row.role ?? "")}
              onChange={(role) =>
                put(rows.map((each, m) => (m === n ? { ...each, role: role ?? "" } : each)))
              }
            />
          </div>
          <NumberInput
            w={110}
            label={text.atLeast}
            min={1}
            allowDecimal={false}
            value={typeof row.at_least === "number" ? row.at_least : 1}
            onChange={(count) =>
              put(
                rows.map((each, m) => (m === n ? { ...each, at_least: Number(count) || 1 } : each)),
              )
            }
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={strings.forms.remove}
            onClick={() => put(rows.filter((_, m) => m !== n))}
          >
            <X size={15} />
          </ActionIcon>
        </Group>
      ))}
      <div>
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<Plus size={13} />}
          onClick={() => put([...rows, { role: "", at_least: 1 }])}
        >
          {text.addRole}
        </Button>
      </div>
    </Stack>
  );
}
