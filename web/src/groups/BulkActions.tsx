// What can be done with many buying groups at once. Each is its own call: those that were refused stay chosen.
import { Button, List, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMay } from "../admin/useMay";
import { moveStage, putAway } from "../api/groups";
import type { GroupRow } from "../api/types";
import { Dialog } from "../shell/Dialog";
import { strings } from "../strings";
import { StageSelect } from "./StageSelect";
import { mayMove } from "./stageMoves";
import { useModelStages } from "./stageNames";

const text = strings.groups;

type Props = { groups: GroupRow[]; done: () => void };

export function BulkActions({ groups, done }: Props) {
  const [asked, setAsked] = useState<"stage" | "away">();
  const may = useMay();
  const close = () => setAsked(undefined);
  const finish = () => {
    close();
    done();
  };
  return (
    <>
      {may?.("groups:edit") ? (
        <Button size="xs" variant="default" onClick={() => setAsked("stage")}>
          {text.changeStage}
        </Button>
      ) : null}
      {may?.("customers:delete") ? (
        <Button size="xs" color="red" variant="light" onClick={() => setAsked("away")}>
          {text.putAway}
        </Button>
      ) : null}
      {asked === "stage" ? <StagesDialog groups={groups} onClose={close} onDone={finish} /> : null}
      {asked === "away" ? <AwayDialog groups={groups} onClose={close} onDone={finish} /> : null}
    </>
  );
}

type DialogProps = { groups: GroupRow[]; onClose: () => void; onDone: () => void };

function StagesDialog({ groups, onClose, onDone }: DialogProps) {
  const [stage, setStage] = useState<string | null>(null);
  const from = groups.map((group) => group.stage);
  const able = mayMove(useModelStages(), from, stage ?? "");
  const move = useForEach(
    groups,
    (group) => moveStage(group.account.key, group.solution_interest.key, stage ?? ""),
    onDone,
  );
  return (
    <Dialog
      title={text.bulk.stage(groups.length)}
      error={move.error}
      busy={move.isPending}
      ready={stage !== null}
      onClose={onClose}
      onSubmit={() => move.mutate()}
    >
      <StageSelect
        from={from}
        value={stage}
        description={
          stage !== null && able < groups.length ? text.moving.some(able, groups.length) : undefined
        }
        onChange={setStage}
      />
      <Refusals refused={move.refused} />
    </Dialog>
  );
}

function AwayDialog({ groups, onClose, onDone }: DialogProps) {
  const away = useForEach(groups, (group) => putAway(group.id), onDone);
  return (
    <Dialog
      title={text.bulk.away(groups.length)}
      error={away.error}
      busy={away.isPending}
      ready
      submit={text.putAway}
      onClose={onClose}
      onSubmit={() => away.mutate()}
    >
      <Text c="dimmed">{text.bulk.awayText}</Text>
      <Refusals refused={away.refused} />
    </Dialog>
  );
}

type Refused = { group: GroupRow; why: string };

function Refusals({ refused }: { refused: Refused[] }) {
  if (refused.length === 0) return null;
  return (
    <List size="sm" spacing={4}>
      {refused.map(({ group, why }) => (
        <List.Item key={group.id}>
          <b>{group.name}</b>: {why}
        </List.Item>
      ))}
    </List>
  );
}

/** Does it to one group after another; whoever is refused is told with the reason, and the others are done. */
function useForEach(
  groups: GroupRow[],
  change: (group: GroupRow) => Promise<unknown>,
  onDone: () => void,
) {
  const cache = useQueryClient();
  const [refused, setRefused] = useState<Refused[]>([]);
  // What went through is not done again.
  const left = refused.length > 0 ? refused.map(({ group }) => group) : groups;
  const run = useMutation({
    mutationFn: async () => {
      const failed: Refused[] = [];
      for (const group of left) {
        try {
          await change(group);
        } catch (error) {
          failed.push({ group, why: error instanceof Error ? error.message : String(error) });
        }
      }
      return failed;
    },
    onSuccess: async (failed) => {
      setRefused(failed);
      if (failed.length < left.length)
        notifications.show({ message: text.bulk.done(left.length - failed.length) });
      await cache.invalidateQueries({
        predicate: ({ queryKey }) => ["group", "groups", "account"].includes(String(queryKey[0])),
      });
      if (failed.length === 0) onDone();
    },
  });
  return { ...run, refused };
}
