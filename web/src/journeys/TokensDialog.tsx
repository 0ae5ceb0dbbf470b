// The journey's own values for its messages: written while the journey is a draft, told once it is published.
import { Button, Group, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { versionManifestQuery } from "../api/drafts";
import { isRecord } from "../editor/manifest";
import { TokensFields } from "../editor/TokensFields";
import { Facts } from "../shell/Facts";
import { strings } from "../strings";
import { Refusal } from "./Refusal";
import { SettingFields } from "./SettingFields";

const text = strings.journey.tokens;

type Props = { journey: string; editing: boolean; onClose: () => void };

export function TokensDialog(props: Props) {
  return (
    <Modal opened onClose={props.onClose} title={text.title}>
      {props.editing ? (
        <SettingFields {...props} field="tokens">
          {(fields) => <TokensFields {...fields} />}
        </SettingFields>
      ) : (
        <Told {...props} />
      )}
    </Modal>
  );
}

function Told({ journey, onClose }: Props) {
  const { data, error } = useQuery(versionManifestQuery(journey, "live"));
  if (error) return <Refusal error={error} />;
  if (!data) return <Skeleton height={60} />;
  const tokens = Object.entries(isRecord(data.tokens) ? data.tokens : {});
  return (
    <Stack gap="md">
      {tokens.length === 0 ? (
        <Text>{text.none}</Text>
      ) : (
        <Facts facts={tokens.map(([label, value]) => ({ label, value: String(value) }))} />
      )}
      <Text size="sm" c="dimmed">
        {text.fixed}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {strings.journey.reentry.close}
        </Button>
      </Group>
    </Stack>
  );
}
