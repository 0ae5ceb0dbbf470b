// The days and the time of day on which a wait may end.
import { Chip, Group, Input, Select, Stack, Switch, TextInput } from "@mantine/core";
import { strings } from "../strings";
import { type Fields, isRecord } from "./manifest";

const text = strings.editor.wait;
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const WEEKDAYS = DAYS.slice(0, 5);
const ORGANISATION = "organisation";

type Props = {
  value: unknown;
  errors: ReadonlyMap<string, string>;
  onChange: (value: Fields | undefined) => void;
};

export function MustEndOn({ value, errors, onChange }: Props) {
  const rule = isRecord(value) ? value : undefined;
  const days = Array.isArray(rule?.days) ? rule.days.map(String) : [];
  const put = (field: string, next: unknown) => {
    const { [field]: _, ...rest } = rule ?? {};
    onChange(next === undefined ? rest : { ...rest, [field]: next });
  };
  return (
    <Stack gap="sm">
      <Switch
        label={text.mustEndOn}
        description={text.mustEndOnHint}
        checked={rule !== undefined}
        onChange={(event) =>
          onChange(event.currentTarget.checked ? { days: WEEKDAYS, time: "09:00" } : undefined)
        }
      />
      {rule ? (
        <>
          <Input.Wrapper
            label={text.days}
            description={days.length === 0 ? text.anyDay : undefined}
            error={errors.get("/must_end_on/days")}
            labelElement="div"
          >
            <Chip.Group
              multiple
              value={days}
              onChange={(next) =>
                put("days", next.length > 0 ? DAYS.filter((day) => next.includes(day)) : undefined)
              }
            >
              <Group gap={4} mt={4}>
                {DAYS.map((day) => (
                  <Chip key={day} value={day} size="xs">
                    {text.dayNames[day]}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
          </Input.Wrapper>
          <TextInput
            type="time"
            label={text.time}
            error={errors.get("/must_end_on/time")}
            value={typeof rule.time === "string" ? rule.time : ""}
            onChange={(event) => put("time", event.currentTarget.value || undefined)}
          />
          <Select
            label={text.zone}
            searchable
            allowDeselect={false}
            error={errors.get("/must_end_on/zone")}
            data={[
              { value: ORGANISATION, label: text.zones.organisation },
              { value: "own", label: text.zones.own },
              ...ZONES,
            ]}
            value={typeof rule.zone === "string" ? rule.zone : ORGANISATION}
            onChange={(zone) =>
              put("zone", zone === ORGANISATION ? undefined : (zone ?? undefined))
            }
          />
        </>
      ) : null}
    </Stack>
  );
}

const ZONES = Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone }));
