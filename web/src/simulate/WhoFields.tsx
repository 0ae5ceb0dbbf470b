// Of whom something is said, and after how long it happens.
import { Group, NumberInput, Select, Stack } from "@mantine/core";
import type { Subject } from "../api/customers";
import { CustomerPicker } from "../customers/CustomerPicker";
import { DurationInput } from "../forms/inputs";
import { strings } from "../strings";
import type { Who } from "./way";

const text = strings.simulate.way;
/** Months have no fixed length, so that "after a month" would be another instant for everybody. */
export const UNITS = ["m", "h", "d", "w"] as const;

type Props = {
  subject: Subject;
  who: Who;
  after: string | undefined;
  onChange: (part: { who?: Who; after?: string | undefined }) => void;
};

export function WhoFields({ subject, who, after, onChange }: Props) {
  const words = text.who[subject];
  return (
    <Stack gap="xs">
      <Group gap="xs" wrap="nowrap" align="flex-end">
        <Select
          size="xs"
          flex={1}
          label={text.by}
          allowDeselect={false}
          data={[
            { value: "all", label: words.all },
            { value: "share", label: text.share },
            { value: "one", label: words.one },
          ]}
          value={who.kind}
          onChange={(kind) => onChange({ who: begun(kind) })}
        />
        {who.kind === "share" ? (
          <NumberInput
            size="xs"
            w={84}
            aria-label={text.percent}
            suffix=" %"
            min={1}
            max={100}
            clampBehavior="strict"
            allowDecimal={false}
            value={who.percent}
            onChange={(percent) =>
              typeof percent === "number" && onChange({ who: { kind: "share", percent } })
            }
          />
        ) : null}
      </Group>
      {who.kind === "one" ? (
        <CustomerPicker
          size="xs"
          subject={subject}
          aria-label={words.one}
          placeholder={strings.simulate.followHint}
          value={who.key}
          onChange={(key) => onChange({ who: { kind: "one", key } })}
        />
      ) : null}
      <DurationInput
        size="xs"
        label={text.after}
        units={UNITS}
        value={after}
        onChange={(next) => onChange({ after: next })}
      />
    </Stack>
  );
}

const begun = (kind: string | null): Who =>
  kind === "share"
    ? { kind, percent: 25 }
    : kind === "one"
      ? { kind, key: undefined }
      : { kind: "all" };
