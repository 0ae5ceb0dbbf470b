// A condition in a form: its words, and the button that opens the builder.
import { Button, Group, Input, Text } from "@mantine/core";
import { Filter, X } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { Subject } from "../editor/manifest";
import { strings } from "../strings";
import { useNames } from "./useNames";
import { conditionWords } from "./words";

const ConditionDialog = lazy(() =>
  import("./ConditionDialog").then((module) => ({ default: module.ConditionDialog })),
);

const text = strings.conditions;

type Props = {
  label: string;
  description?: ReactNode;
  error?: string | undefined;
  required?: boolean;
  subject: Subject;
  /** Whether it stands inside a journey, from whose entry can be counted. */
  inJourney?: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
};

export function ConditionField(props: Props) {
  const {
    label,
    description,
    error,
    required,
    subject,
    inJourney = false,
    value,
    onChange,
  } = props;
  const [open, setOpen] = useState(false);
  const names = useNames(value);
  const words = value === undefined || value === null ? "" : conditionWords(value, names);
  return (
    <Input.Wrapper
      label={label}
      description={description}
      error={error}
      required={required ?? false}
      labelElement="div"
    >
      {words === "" ? null : (
        <Text size="sm" my={4} style={{ overflowWrap: "anywhere" }}>
          {words}
        </Text>
      )}
      <Group gap="xs" mt={4}>
        <Button
          size="xs"
          variant="default"
          leftSection={<Filter size={14} aria-hidden />}
          aria-label={text.editNamed(label)}
          onClick={() => setOpen(true)}
        >
          {words === "" ? text.make : text.edit}
        </Button>
        {words !== "" && !required ? (
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            leftSection={<X size={14} aria-hidden />}
            onClick={() => onChange(undefined)}
          >
            {text.clear}
          </Button>
        ) : null}
      </Group>
      {open ? (
        <Suspense>
          <ConditionDialog
            title={label}
            subject={subject}
            inJourney={inJourney}
            value={value}
            onChange={onChange}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      ) : null}
    </Input.Wrapper>
  );
}
