// What a buying group must be like: interest, stage, status, completeness, engagement, roles.
import { ActionIcon, Button, Group, NumberInput, Stack, Switch, Text } from "@mantine/core";
import { Plus, X } from "lucide-react";
import { type Fields, isRecord } from "../editor/manifest";
import type { Typed } from "../forms/inputs";
import { ReferencePicker, ReferencesPicker, useDefinitions } from "../forms/ReferencePicker";
import { useStages } from "../forms/useStages";
import { strings } from "../strings";
import { OperatorRows } from "./OperatorRow";
import { plainly, textsIn } from "./operators";

const text = strings.conditions;

type FactName = keyof typeof text.facts;
const OF_GROUP: FactName[] = ["stage", "status", "completeness", "engagement"];
const OF_MEMBER: FactName[] = ["role", ...OF_GROUP];

/** What a fact that is added begins with: labels to choose, or a number to compare with. */
const BEGINNINGS: Record<FactName, unknown> = {
  role: [],
  stage: [],
  status: [],
  completeness: { at_least: 50 },
  engagement: { at_least: 50 },
};

type Props = { member: boolean; value: Fields; onChange: (value: Fields) => void };

export function GroupFacts({ member, value, onChange }: Props) {
  const set = (name: string, next: unknown) => {
    const { [name]: _, ...rest } = value;
    onChange(next === undefined ? rest : { ...value, [name]: next });
  };
  const typed = useTypes(textsIn(value.solution_interest));
  const names = member ? OF_MEMBER : OF_GROUP;
  const asked = names.filter((name) => Object.hasOwn(value, name));
  return (
    <Stack gap="xs">
      <ReferencesPicker
        kind="solution_interest"
        label={text.interest}
        create
        value={value.solution_interest}
        onChange={(interests) =>
          set("solution_interest", interests.length === 0 ? undefined : plainly(interests))
        }
      />
      {asked.map((name) => (
        <Fact
          key={name}
          name={name}
          typed={typed[name]}
          value={value[name]}
          onChange={(fact) => set(name, fact)}
        />
      ))}
      <Group gap={4}>
        {names
          .filter((name) => !asked.includes(name))
          .map((name) => (
            <Button
              key={name}
              size="compact-xs"
              variant="subtle"
              leftSection={<Plus size={13} aria-hidden />}
              onClick={() => set(name, BEGINNINGS[name])}
            >
              {text.facts[name]}
            </Button>
          ))}
      </Group>
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

/** What values each fact takes; stages are those of the chosen interests, or of all. */
function useTypes(interests: string[]): Record<FactName, Typed> {
  const { all } = useDefinitions("solution_interest");
  const stages = useStages(interests.length > 0 ? interests : all.map(({ value }) => value));
  const roles = useDefinitions("role").options.map(({ value }) => value);
  return {
    role: { type: "string", values: roles },
    stage: { type: "string", values: stages },
    status: { type: "string" },
    completeness: { type: "number" },
    engagement: { type: "number" },
  };
}

/** One fact: a plain label or several are the short form of `is`, and stay it. */
function Fact({
  name,
  typed,
  value,
  onChange,
}: {
  name: FactName;
  typed: Typed;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const label = text.facts[name];
  const change = (test: Fields) => {
    const short = typed.type === "string" && Object.keys(test).join() === "is";
    onChange(short ? test.is : test);
  };
  return (
    <fieldset aria-label={label} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="xs" fw={600}>
          {label}
        </Text>
        <ActionIcon
          size="sm"
          variant="subtle"
          color="gray"
          aria-label={strings.forms.removeNamed(label)}
          onClick={() => onChange(undefined)}
        >
          <X size={14} />
        </ActionIcon>
      </Group>
      <Stack gap={4}>
        <OperatorRows
          test={isRecord(value) ? value : { is: value }}
          typed={typed}
          onChange={change}
        />
      </Stack>
    </fieldset>
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
            <ReferencePicker
              kind="role"
              label={text.role}
              required
              create={false}
              value={row.role}
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
