// Chooses among the sources that a form offers.
import { Input, SegmentedControl } from "@mantine/core";
import { strings } from "../strings";

/** From where it comes: only that source's fields are asked for. */
export function SourceSwitch({
  all,
  chosen,
  onChoose,
}: {
  all: string[];
  chosen: string;
  onChoose: (source: string) => void;
}) {
  return (
    <Input.Wrapper label={strings.forms.source} labelElement="div">
      <SegmentedControl
        fullWidth
        mt={4}
        aria-label={strings.forms.source}
        data={all}
        value={chosen}
        onChange={onChoose}
      />
    </Input.Wrapper>
  );
}
