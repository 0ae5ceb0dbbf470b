// What a hand changes about a buying group as a whole.
import { Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { moveStage, putAway, writeStatus } from "../api/groups";
import type { GroupDetail } from "../api/types";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import { StageSelect } from "./StageSelect";

const text = strings.groups;

type Props = { group: GroupDetail; onClose: () => void };

/** Does it, tells whether anything changed, and has the pages read again. */
export function useGroupChange<V>(
  change: (value: V) => Promise<{ changed?: boolean } | undefined>,
  onDone: () => void,
  onError?: (error: Error) => void,
) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: change,
    ...(onError ? { onError } : {}),
    onSuccess: async (done) => {
      const changed = done?.changed !== false;
      notifications.show({ message: changed ? text.member.changed : text.member.unchanged });
      onDone();
      await cache.invalidateQueries({
        predicate: ({ queryKey }) => ["group", "groups", "account"].includes(String(queryKey[0])),
      });
    },
  });
}

export function StageDialog({ group, onClose }: Props) {
  const [stage, setStage] = useState<string | null>(null);
  const move = useGroupChange(
    (to: string) => moveStage(group.account.key, group.solution_interest.key, to),
    onClose,
  );
  return (
    <Dialog
      title={text.changeStage}
      error={move.error}
      busy={move.isPending}
      ready={stage !== null}
      onClose={onClose}
      onSubmit={() => stage && move.mutate(stage)}
    >
      <StageSelect from={[group.stage]} value={stage} onChange={setStage} />
    </Dialog>
  );
}

export function StatusDialog({ group, onClose }: Props) {
  const [status, setStatus] = useState(group.status ?? "");
  const write = useGroupChange(
    (next: string) => writeStatus(group.account.key, group.solution_interest.key, next),
    onClose,
  );
  return (
    <Dialog
      title={text.changeStatus}
      error={write.error}
      busy={write.isPending}
      ready
      onClose={onClose}
      onSubmit={() => write.mutate(status)}
    >
      <TextInput
        label={text.columns.status}
        description={text.statusHint}
        maxLength={50}
        data-autofocus
        value={status}
        onChange={(event) => setStatus(event.currentTarget.value)}
      />
    </Dialog>
  );
}

export function PutAwayDialog({ group, onClose }: Props) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const away = useMutation({
    mutationFn: () => putAway(group.id),
    onSuccess: async () => {
      await navigate({ to: "/groups" });
      await cache.invalidateQueries({ queryKey: ["groups"] });
    },
  });
  return (
    <Dialog
      title={text.putAwayTitle}
      error={away.error}
      busy={away.isPending}
      ready
      submit={text.putAway}
      onClose={onClose}
      onSubmit={() => away.mutate()}
    >
      <Text c="dimmed">{text.putAwayText}</Text>
    </Dialog>
  );
}
