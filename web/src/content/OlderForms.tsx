// Tells that live journeys use content in an older form than what is saved, and brings the newer one into them.
import { Alert, Button, Group, List, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import { olderFormsQuery, propagate } from "../api/content";
import type { Propagated } from "../api/types";
import type { PanelProps } from "../definitions/editors";
import { Dialog } from "../shell/Dialog";
import { at, LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import { pluralOf } from "./plurals";

const text = strings.content.older;

export default function OlderForms({ definition, body, saved }: PanelProps) {
  const plural = pluralOf(body.kind);
  const may = useMay()?.("journeys:run") === true;
  const { data } = useQuery({ ...olderFormsQuery(plural, definition), enabled: may && saved });
  const [asked, setAsked] = useState(false);
  const journeys = data?.items ?? [];
  if (!saved || journeys.length === 0) return null;
  return (
    <Alert color="blue" variant="light" icon={<RefreshCw size={18} />}>
      <Group justify="space-between" gap="sm">
        <Text size="sm">{text.told(journeys.length)}</Text>
        <Button size="xs" onClick={() => setAsked(true)}>
          {text.bring}
        </Button>
      </Group>
      {asked ? (
        <BringDialog
          plural={plural}
          definition={definition}
          journeys={journeys}
          onClose={() => setAsked(false)}
        />
      ) : null}
    </Alert>
  );
}

type DialogProps = {
  plural: ReturnType<typeof pluralOf>;
  definition: string;
  journeys: Propagated[];
  onClose: () => void;
};

function BringDialog({ plural, definition, journeys, onClose }: DialogProps) {
  const cache = useQueryClient();
  const bring = useMutation({
    mutationFn: () => propagate(plural, definition),
    onSuccess: async ({ items }) => {
      notifications.show({ message: text.done(items.length) });
      onClose();
      await cache.invalidateQueries({ queryKey: olderFormsQuery(plural, definition).queryKey });
      await cache.invalidateQueries({ queryKey: ["journeys"] });
      for (const { journey } of items)
        await cache.invalidateQueries({ queryKey: ["journey", journey] });
    },
  });
  return (
    <Dialog
      title={text.title}
      error={bring.error}
      busy={bring.isPending}
      ready
      submit={text.publish(journeys.length)}
      onClose={onClose}
      onSubmit={() => bring.mutate()}
    >
      <Text size="sm">{text.what}</Text>
      <List size="sm" spacing={4}>
        {journeys.map(({ journey, from, to }) => (
          <List.Item key={journey}>
            <LinkTo to={at("/journeys", journey)}>{journey}</LinkTo>: {text.versions(from, to)}
          </List.Item>
        ))}
      </List>
      <Text size="sm" c="dimmed">
        {text.stay}
      </Text>
    </Dialog>
  );
}
