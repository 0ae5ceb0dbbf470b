// The messages of one channel in a card: the first ten, and in its menu all of them, the dashboard, and the file.
import { ActionIcon, Menu, Modal, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ChartColumn, Download, Ellipsis, Table2 } from "lucide-react";
import { useState } from "react";
import { type MessageFilter, messageFiguresQuery } from "../api/figures";
import { Card } from "../shell/Card";
import { csvOf, download } from "../shell/csv";
import { DataTable } from "../shell/DataTable";
import { LinkTo } from "../shell/LinkTo";
import { wholeRows } from "../shell/useRows";
import { strings } from "../strings";
import { type Channel, MessageFigures, useMessageColumns } from "./MessagesBoard";

const text = strings.figures;
/** More stand under *View more*. */
const MOST_ROWS = 10;

type Props = { channel: Channel; title: string; filter: MessageFilter; empty: string };

export function PerformanceTable({ channel, title, filter, empty }: Props) {
  const [whole, setWhole] = useState(false);
  const columns = useMessageColumns(channel);
  const figures = useQuery(messageFiguresQuery(filter));
  const items = figures.data?.items.filter((row) => row.channel === channel);
  const first = items?.toSorted((a, b) => b.sent - a.sent).slice(0, MOST_ROWS);
  const more = (items?.length ?? 0) - (first?.length ?? 0);
  const save = async () =>
    download(
      `${filter.journey ?? "messages"}-${channel}.csv`,
      "text/csv;charset=utf-8",
      await csvOf(columns, items ?? []),
    );
  const menu = (
    <Menu position="bottom-end" shadow="md" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={text.menu(title)}>
          <Ellipsis size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Table2 size={14} />} onClick={() => setWhole(true)}>
          {text.viewMore}
        </Menu.Item>
        <Menu.Item
          leftSection={<ChartColumn size={14} />}
          component={LinkTo}
          to={boardAddress(filter)}
        >
          {text.drillThrough}
        </Menu.Item>
        <Menu.Item leftSection={<Download size={14} />} onClick={() => void save()}>
          {text.csv}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
  return (
    <Card title={title} aside={items?.length ? menu : null}>
      <DataTable
        label={title}
        rows={wholeRows(figures, first)}
        columns={columns}
        rowKey={(row) => row.message ?? ""}
        empty={<Text c="dimmed">{empty}</Text>}
      />
      {more > 0 ? (
        <Text size="xs" c="dimmed" mt="xs">
          {text.rest(more)}
        </Text>
      ) : null}
      <Modal opened={whole} onClose={() => setWhole(false)} title={title} size="80rem">
        <MessageFigures filter={filter} channel={channel} />
      </Modal>
    </Card>
  );
}

/** The dashboard of messages, narrowed as this table is; all time is 0 in the address. */
const boardAddress = ({ journey, days }: MessageFilter) => {
  const search = new URLSearchParams({ tab: "messages", days: String(days ?? 0) });
  if (journey) search.set("journey", journey);
  return `/dashboards?${search}`;
};
