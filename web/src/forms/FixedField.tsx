// A field that stays as it is: what it says, in words, and that it is fixed.
import { Input, Text } from "@mantine/core";
import { Lock } from "lucide-react";
import { useNames } from "../conditions/useNames";
import { conditionWords } from "../conditions/words";
import { type Fields, isRecord } from "../editor/manifest";
import { formatValue, humanise } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { useDefinitions } from "./ReferencePicker";
import { choiceWord, type Field } from "./schema";

type Props = { name: string; field: Field; value: unknown; hint?: string | undefined };

export function FixedField({ name, field, value, hint = strings.forms.fixed }: Props) {
  return (
    <Input.Wrapper
      label={field.label ?? humanise(name)}
      description={prose(hint)}
      labelElement="div"
    >
      <Text size="sm" mt={4} style={{ overflowWrap: "anywhere" }}>
        <Lock
          size={13}
          aria-hidden
          style={{ marginRight: 6, verticalAlign: "-2px", opacity: 0.7 }}
        />
        <Value field={field} value={value} />
      </Text>
    </Input.Wrapper>
  );
}

function Value({ field, value }: { field: Field; value: unknown }) {
  if (value === undefined || value === null) return strings.list.none;
  if (field.input === "reference") return <Named kind={field.kind} value={value} />;
  if (field.input === "condition") return <Condition value={value} />;
  return wordsOf(field, value);
}

function Condition({ value }: { value: unknown }) {
  return conditionWords(value, useNames(value));
}

function wordsOf({ input }: Field, value: unknown): string {
  if (input === "choice") return choiceWord(String(value));
  if (Array.isArray(value)) return value.map(formatValue).join(" · ");
  return isRecord(value) ? mapped(value) : String(value);
}

/** “Email clicked: vital · Page visited: 10”. */
const mapped = (value: Fields) =>
  Object.entries(value)
    .map(([name, part]) => `${humanise(name)}: ${formatValue(part)}`)
    .join(" · ");

function Named({ kind, value }: { kind: string; value: unknown }) {
  const { options } = useDefinitions(kind);
  return options.find((option) => option.value === value)?.label ?? String(value);
}
