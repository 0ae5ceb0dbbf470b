// Whether accounts may come back: set while the journey is a draft, told once it is published.
import { Button, Group, Modal, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { versionManifestQuery } from "../api/drafts";
import { type Fields, isRecord } from "../editor/manifest";
import { ReentryFields } from "../editor/ReentryFields";
import { durationWords } from "../shell/format";
import { strings } from "../strings";
import { Refusal } from "./Refusal";
import { SettingFields } from "./SettingFields";

const text = strings.journey.reentry;

type Props = { journey: string; editing: boolean; onClose: () => void };

export function ReentryDialog(props: Props) {
  return (
    <Modal opened onClose={props.onClose} title={text.title}>
      {props.editing ? (
        <SettingFields {...props} field="reentry">
          {(fields) => <ReentryFields {...fields} />}
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
  const reentry = isRecord(data.reentry) ? data.reentry : undefined;
  return (
    <Stack gap="md">
      <Text>{reentry ? sentenceOf(reentry) : text.once}</Text>
      <Text size="sm" c="dimmed">
        {text.fixed}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {text.close}
        </Button>
      </Group>
    </Stack>
  );
}

function sentenceOf(reentry: Fields): string {
  const from = reentry.after === "start" ? "start" : "end";
  return text.again(
    durationWords(String(reentry.delay)),
    strings.editor.settings.afters[from],
    Number(reentry.limit),
  );
}
