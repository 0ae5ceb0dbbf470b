// My tokens: the journey's own values, by name, for the messages that it sends.
import { ActionIcon, Button, Fieldset, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { Plus, Trash2 } from "lucide-react";
import { ValueInput } from "../forms/inputs";
import { strings } from "../strings";
import { type Fields, isRecord, pointer } from "./manifest";
import { freeName, readAs, renamed, type TokenType, typeOf } from "./tokens";

const text = strings.editor.settings;

type Props = {
  value: unknown;
  errors: ReadonlyMap<string, string>;
  onChange: (tokens: Fields | undefined) => void;
};

export function TokensFields({ value, errors, onChange }: Props) {
  const tokens = isRecord(value) ? value : {};
  const names = Object.keys(tokens);
  const put = (next: Fields) => onChange(Object.keys(next).length > 0 ? next : undefined);
  const without = (name: string) => {
    const { [name]: _, ...rest } = tokens;
    return rest;
  };
  return (
    <Fieldset legend={text.tokens}>
      <Text size="xs" c="dimmed" mb="sm">
        {text.tokensHint}
      </Text>
      <Stack gap="md">
        {names.map((name, n) => (
          // A token that is renamed stays where it is, and whoever types keeps the focus.
          // biome-ignore lint/suspicious/noArrayIndexKey: tokens keep their order
          <Stack key={n} gap={4}>
            <Group gap={4} wrap="nowrap">
              <TextInput
                flex={1}
                aria-label={text.token.name}
                error={errors.get(pointer("tokens", name))}
                value={name}
                onChange={(event) => put(renamed(tokens, name, event.currentTarget.value))}
              />
              <Select
                w={110}
                aria-label={text.token.type}
                allowDeselect={false}
                data={Object.entries(text.token.types).map(([type, label]) => ({
                  value: type,
                  label,
                }))}
                value={typeOf(tokens[name])}
                onChange={(type) =>
                  put({ ...tokens, [name]: readAs(tokens[name], (type ?? "string") as TokenType) })
                }
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={text.token.remove(name)}
                onClick={() => put(without(name))}
              >
                <Trash2 size={15} />
              </ActionIcon>
            </Group>
            <ValueInput
              typed={{ type: typeOf(tokens[name]) }}
              label={text.token.value(name)}
              value={tokens[name]}
              onChange={(next) =>
                put({ ...tokens, [name]: next ?? readAs("", typeOf(tokens[name])) })
              }
            />
          </Stack>
        ))}
        <Button
          size="xs"
          variant="default"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={() => put({ ...tokens, [freeName(names)]: "" })}
        >
          {text.token.add}
        </Button>
      </Stack>
    </Fieldset>
  );
}
