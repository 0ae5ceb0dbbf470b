// What a webhook has told, and what the receiver answered; what was settled can be sent again.
import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RotateCw, Webhook } from "lucide-react";
import { useMay } from "../admin/useMay";
import type { WebhookMessage } from "../api/types";
import { messagesQuery, sendAgain } from "../api/webhooks";
import type { PanelProps } from "../definitions/editors";
import { Refusal } from "../journeys/Refusal";
import { Card } from "../shell/Card";
import { momentColumn } from "../shell/columns";
import { everyRow } from "../shell/csv";
import { type Column, DataTable, rowsOf } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { formatNumber } from "../shell/format";
import { prose } from "../shell/Prose";
import { useChosen } from "../shell/selection";
import classes from "../shell/shell.module.css";
import { useRows } from "../shell/useRows";
import { type Grade, Verdict } from "../shell/Verdict";
import { strings } from "../strings";
import { failedOf, settledOf } from "./log";

const text = strings.systems.log;

const GRADES: Record<WebhookMessage["state"], Grade> = {
  waiting: "none",
  delivered: "good",
  failed: "bad",
  skipped: "warning",
};

const COLUMNS: Column<WebhookMessage>[] = [
  {
    id: "what",
    label: text.columns.what,
    fixed: true,
    value: (row) => row.type,
    cell: (row) => (
      <div>
        <Text inherit fw={600}>
          {row.type}
        </Text>
        <Text size="xs" c="dimmed">
          {row.webhook_id}
        </Text>
      </div>
    ),
  },
  momentColumn("happened", text.columns.happened, (row) => row.at),
  {
    id: "state",
    label: text.columns.state,
    value: (row) => row.state,
    cell: (row) => <Verdict grade={GRADES[row.state]} word={text.states[row.state] ?? row.state} />,
  },
  {
    id: "answer",
    label: text.columns.answer,
    value: (row) => row.code,
    cell: (row) => <Answer message={row} />,
  },
  {
    id: "attempts",
    label: text.columns.attempts,
    numeric: true,
    value: (row) => row.attempts,
    cell: (row) => formatNumber(row.attempts),
  },
  momentColumn("next", text.columns.next, (row) => row.next_try),
  momentColumn("decided", text.columns.decided, (row) => row.decided_at),
];

export default function MessageLog({ definition }: PanelProps) {
  const rows = useRows(messagesQuery(definition));
  const chosen = useChosen();
  const mayChange = useMay()?.("channels:write") === true;
  const again = useSendAgain(definition, () => chosen.set([]));
  const picked = settledOf(rowsOf(rows).filter(({ id }) => chosen.keys.has(id)));
  return (
    <Card
      title={text.title}
      aside={
        mayChange ? (
          <Again
            label={text.allFailed}
            again={again}
            of={async () => failedOf(await everyRow(rows))}
          />
        ) : null
      }
    >
      <div className={classes.stack}>
        {again.error ? <Refusal error={again.error} /> : null}
        {mayChange && picked.length > 0 ? (
          <Group justify="space-between" className={classes.bulkBar}>
            <Text size="sm" fw={600} role="status">
              {strings.list.chosen(picked.length)}
            </Text>
            <Again label={text.again} again={again} of={() => Promise.resolve(picked)} />
          </Group>
        ) : null}
        <DataTable
          label={text.title}
          rows={rows}
          columns={COLUMNS}
          rowKey={(row) => row.id}
          chosen={mayChange ? chosen : undefined}
          menu={
            mayChange
              ? (row) => (row.state === "waiting" ? null : <AgainOne row={row} again={again} />)
              : undefined
          }
          empty={<EmptyState icon={Webhook} title={text.none} hint={text.noneHint} />}
        />
      </div>
    </Card>
  );
}

/** The receiver's answer by its code, and what went wrong in words. */
function Answer({ message: { code, message } }: { message: WebhookMessage }) {
  if (!code && !message) return strings.list.none;
  return (
    <div style={{ maxWidth: 360 }}>
      <Text inherit ff="monospace" size="xs">
        {code}
      </Text>
      {message ? (
        <Text size="xs" c="dimmed">
          {prose(message)}
        </Text>
      ) : null}
    </div>
  );
}

type Sending = ReturnType<typeof useSendAgain>;

/** Queues messages again, one after another, says how many, and has the log read again. */
function useSendAgain(webhook: string, onDone: () => void) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: async (which: () => Promise<WebhookMessage[]>) => {
      const messages = await which();
      for (const { id } of messages) await sendAgain(webhook, id);
      return messages.length;
    },
    onSuccess: (n) => {
      notifications.show({ message: text.queued(n) });
      onDone();
    },
    onSettled: () => cache.invalidateQueries({ queryKey: messagesQuery(webhook).queryKey }),
  });
}

type AgainProps = { label: string; again: Sending; of: () => Promise<WebhookMessage[]> };

const Again = ({ label, again, of }: AgainProps) => (
  <Button
    size="xs"
    variant="default"
    leftSection={<RotateCw size={14} aria-hidden />}
    loading={again.isPending}
    onClick={() => again.mutate(of)}
  >
    {label}
  </Button>
);

const AgainOne = ({ row, again }: { row: WebhookMessage; again: Sending }) => (
  <Button
    size="compact-xs"
    variant="default"
    disabled={again.isPending}
    aria-label={text.againNamed(row.webhook_id)}
    onClick={() => again.mutate(() => Promise.resolve([row]))}
  >
    {text.again}
  </Button>
);
