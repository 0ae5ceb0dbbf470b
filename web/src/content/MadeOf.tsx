// The emails that were made of a template: its later changes do not reach them, and they do not keep it.
import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { madeOfQuery } from "../api/templates";
import type { PanelProps } from "../definitions/editors";
import { UsedBy } from "../definitions/UsedBy";
import { strings } from "../strings";

const text = strings.content.madeOf;

export default function MadeOf({ definition }: PanelProps) {
  const made = useQuery(madeOfQuery(definition)).data;
  return made ? (
    <UsedBy title={text.title} users={made.items} none={text.none} />
  ) : (
    <Skeleton height={80} />
  );
}
