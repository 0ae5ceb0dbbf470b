// A stage to move groups to: those to which the model leads, the others with why not.
import { Select, Text } from "@mantine/core";
import { strings } from "../strings";
import { offersFor } from "./stageMoves";
import { useModelStages } from "./stageNames";

type Props = {
  /** Where the groups stand; none: nowhere yet. */
  from: (string | null | undefined)[];
  value: string | null;
  description?: string | undefined;
  onChange: (stage: string | null) => void;
};

export function StageSelect({ from, value, description, onChange }: Props) {
  const offers = offersFor(useModelStages(), from);
  const why = new Map(offers.map((offer) => [offer.stage, offer.why]));
  return (
    <Select
      label={strings.groups.columns.stage}
      description={description}
      data-autofocus
      data={offers.map((offer) => ({
        value: offer.stage,
        label: offer.stage,
        disabled: offer.why !== undefined,
      }))}
      // Why a stage is barred must be readable: it is told in grey, not faded.
      styles={{ option: { opacity: 1 } }}
      renderOption={({ option }) => (
        <div>
          <Text inherit c={why.get(option.value) ? "dimmed" : undefined}>
            {option.label}
          </Text>
          {why.get(option.value) ? (
            <Text size="xs" c="dimmed">
              {why.get(option.value)}
            </Text>
          ) : null}
        </div>
      )}
      value={value}
      onChange={onChange}
    />
  );
}
