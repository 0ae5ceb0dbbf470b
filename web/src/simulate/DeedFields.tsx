// Something that one person or account does by itself, whatever node anybody stands at.
import { SegmentedControl, Select, Stack } from "@mantine/core";
import type { EventEntry } from "../api/types";
import { CustomerPicker } from "../customers/CustomerPicker";
import { DurationInput, ValueInput } from "../forms/inputs";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import { changed } from "./ReplyFields";
import { UNITS } from "./WhoFields";
import type { Deed } from "./way";

const text = strings.simulate.way;

type Props = { events: EventEntry[]; deed: Deed; onChange: (deed: Deed) => void };

export function DeedFields({ events, deed, onChange }: Props) {
  const offered = events.filter(({ subject }) => subject === deed.about || subject === "either");
  const fields = events.find(({ type }) => type === deed.type)?.fields ?? [];
  return (
    <Stack gap="xs">
      <SegmentedControl
        size="xs"
        mr={28}
        aria-label={text.by}
        data={[
          { value: "person", label: text.aPerson },
          { value: "account", label: text.anAccount },
        ]}
        value={deed.about}
        onChange={(about) =>
          onChange({ about: about as Deed["about"], after: deed.after, fields: {} })
        }
      />
      <CustomerPicker
        key={deed.about}
        size="xs"
        subject={deed.about}
        label={text.by}
        placeholder={strings.simulate.followHint}
        value={deed.key}
        onChange={(key) => onChange({ ...deed, key })}
      />
      <Select
        size="xs"
        label={text.event}
        searchable
        nothingFoundMessage={strings.forms.nothingFound}
        data={offered.map(({ type, label }) => ({ value: type, label }))}
        value={deed.type ?? null}
        onChange={(type) => onChange({ ...deed, type: type ?? undefined, fields: {} })}
      />
      <DurationInput
        size="xs"
        label={text.afterStart}
        units={UNITS}
        value={deed.after}
        onChange={(after) => onChange({ ...deed, after })}
      />
      {fields.map((field) => (
        <ValueInput
          key={field.key}
          size="xs"
          label={humanise(field.key)}
          typed={field}
          value={deed.fields[field.key]}
          onChange={(value) =>
            onChange({ ...deed, fields: changed(deed.fields, field.key, value) })
          }
        />
      ))}
    </Stack>
  );
}
