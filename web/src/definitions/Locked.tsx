// Why a published definition is shown and not asked for, and the way on.
import { Alert, Button, Group, Text } from "@mantine/core";
import { Lock } from "lucide-react";
import type { Fields } from "../editor/manifest";
import { strings } from "../strings";
import { lockOf } from "./fixed";

const text = strings.definitions;

type Props = {
  kind: string;
  body: Fields;
  /** None for whoever may not write. */
  onCopy: (() => void) | undefined;
};

export function Locked({ kind, body, onCopy }: Props) {
  const lock = lockOf(kind, body);
  if (!lock) return null;
  return (
    <Alert color="gray" variant="light" icon={<Lock size={18} />}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" flex={1} miw={280}>
          {text.locks[lock.why]}
        </Text>
        {lock.copy && onCopy ? (
          <Button size="xs" variant="default" onClick={onCopy}>
            {text.copy.button}
          </Button>
        ) : null}
      </Group>
    </Alert>
  );
}
