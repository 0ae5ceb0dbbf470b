import { Group, Progress } from "@mantine/core";
import { formatNumber } from "../shell/format";
import { strings } from "../strings";

/** A score from 0 to 100 as a bar and its rounded number; none where there is nothing to score yet. */
export function Score({ of, percent }: { of: string; percent: number | null | undefined }) {
  if (percent == null) return strings.list.none;
  return (
    <Group gap={8} wrap="nowrap">
      <Progress value={percent} color="teal.7" w={72} aria-label={of} />
      <span>{formatNumber(Math.round(percent))}</span>
    </Group>
  );
}
