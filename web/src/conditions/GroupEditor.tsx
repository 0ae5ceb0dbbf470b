// A group of tests: all, any or none of them must hold; groups stand in groups.
import { ActionIcon, Button, Group, SegmentedControl, Text } from "@mantine/core";
import { FolderPlus, X } from "lucide-react";
import { useState } from "react";
import type { Catalogue } from "../api/types";
import { isRecord, type Subject } from "../editor/manifest";
import { strings } from "../strings";
import { DRAGGED } from "./AttributeTree";
import classes from "./conditions.module.css";
import { deniedParts, type GroupKind, groupFrom, groupOf } from "./operators";
import { TestEditor } from "./TestEditor";

const text = strings.conditions;

export type ConditionProps = {
  catalogue: Catalogue;
  subject: Subject;
  inJourney: boolean;
  condition: unknown;
  onChange: (condition: unknown) => void;
};

type Props = ConditionProps & { top?: boolean; onRemove?: () => void };

export function GroupEditor(props: Props) {
  const { condition, onChange, top, onRemove, ...shared } = props;
  const group = groupOf(condition) ?? { kind: "all" as const, parts: [] };
  const parts = group.kind === "not" ? deniedParts(group.parts) : group.parts;
  const [target, setTarget] = useState(false);
  const put = (next: unknown[]) => onChange(groupFrom(group.kind, next));
  return (
    <fieldset
      className={classes.group}
      data-kind={group.kind}
      data-top={top || undefined}
      data-target={target || undefined}
      aria-label={text.groups[group.kind]}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(DRAGGED)) return;
        event.preventDefault();
        event.stopPropagation();
        setTarget(true);
      }}
      onDragLeave={() => setTarget(false)}
      onDrop={(event) => {
        setTarget(false);
        const dragged = event.dataTransfer.getData(DRAGGED);
        if (dragged === "") return;
        event.preventDefault();
        event.stopPropagation();
        put([...parts, JSON.parse(dragged)]);
      }}
    >
      <Group justify="space-between" wrap="nowrap" mb={parts.length > 0 ? "sm" : 0}>
        <SegmentedControl
          size="xs"
          aria-label={text.logic}
          data={(top ? (["all", "any"] as const) : (["all", "any", "not"] as const)).map(
            (kind) => ({
              value: kind,
              label: text.kinds[kind],
            }),
          )}
          value={group.kind}
          onChange={(kind) => onChange(groupFrom(kind as GroupKind, parts))}
        />
        <Group gap={4} wrap="nowrap">
          <Button
            size="compact-xs"
            variant="subtle"
            leftSection={<FolderPlus size={14} aria-hidden />}
            onClick={() => put([...parts, { any: [] }])}
          >
            {text.addGroup}
          </Button>
          {onRemove ? (
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={text.removeGroup}
              onClick={onRemove}
            >
              <X size={15} />
            </ActionIcon>
          ) : null}
        </Group>
      </Group>
      {parts.length === 0 ? (
        <Text size="sm" c="dimmed">
          {top ? text.emptyTop : text.emptyGroup}
        </Text>
      ) : null}
      <ol className={classes.parts}>
        {parts.map((part, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: tests have no names of their own
          <li key={n}>
            {n > 0 ? <span className={classes.joint}>{text.joints[group.kind]}</span> : null}
            <PartEditor
              {...shared}
              condition={part}
              onChange={(next) => put(parts.map((each, m) => (m === n ? next : each)))}
              onRemove={() => put(parts.filter((_, m) => m !== n))}
            />
          </li>
        ))}
      </ol>
    </fieldset>
  );
}

function PartEditor(props: ConditionProps & { onRemove: () => void }) {
  if (groupOf(props.condition)) return <GroupEditor {...props} />;
  const test = isRecord(props.condition) ? props.condition : {};
  return <TestEditor {...props} test={test} />;
}
