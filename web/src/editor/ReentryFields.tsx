// Whether travellers may come back: after which delay, and how often in all.
import { NumberInput, Select, Switch } from "@mantine/core";
import { DurationInput } from "../forms/inputs";
import { strings } from "../strings";
import { type Fields, isRecord } from "./manifest";

const text = strings.editor.settings;
const DELAY_UNITS = ["h", "d"] as const;
const BEGINS: Fields = { after: "end", delay: "30d", limit: 3 };

type Props = {
  value: unknown;
  errors: ReadonlyMap<string, string>;
  onChange: (reentry: Fields | undefined) => void;
};

export function ReentryFields({ value, errors, onChange }: Props) {
  const reentry = isRecord(value) ? value : undefined;
  const put = (field: string, next: unknown) => onChange({ ...reentry, [field]: next });
  return (
    <>
      <Switch
        label={text.reentry}
        description={text.reentryHint}
        checked={reentry !== undefined}
        onChange={(event) => onChange(event.currentTarget.checked ? BEGINS : undefined)}
      />
      {reentry ? (
        <>
          <Select
            label={text.after}
            allowDeselect={false}
            data={Object.entries(text.afters).map(([key, label]) => ({ value: key, label }))}
            value={String(reentry.after ?? "end")}
            onChange={(after) => put("after", after ?? "end")}
          />
          <DurationInput
            label={text.delay}
            units={DELAY_UNITS}
            error={errors.get("/reentry/delay")}
            value={reentry.delay}
            onChange={(delay) => put("delay", delay ?? "1d")}
          />
          <NumberInput
            label={text.limit}
            min={1}
            allowDecimal={false}
            error={errors.get("/reentry/limit")}
            value={typeof reentry.limit === "number" ? reentry.limit : 1}
            onChange={(limit) => put("limit", Number(limit) || 1)}
          />
        </>
      ) : null}
    </>
  );
}
