// What became of emails and text messages: sent, delivered, opened, clicked, bounced, with rates.
import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChartColumn } from "lucide-react";
import { useCallback, useMemo } from "react";
import { type MessageFilter, messageFiguresQuery } from "../api/figures";
import type { MessageFigures as Figures } from "../api/types";
import { addressOf } from "../definitions/address";
import { useNamesOf } from "../definitions/NamedLink";
import { Card } from "../shell/Card";
import type { Column } from "../shell/DataTable";
import { formatNumber, formatShare, humanise } from "../shell/format";
import { LinkTo } from "../shell/LinkTo";
import { ListSection } from "../shell/ListPage";
import classes from "../shell/shell.module.css";
import { wholeRows } from "../shell/useRows";
import { strings } from "../strings";
import { Bars, MOST_BARS } from "./charts";
import { DaysFilter, JourneyFilter, useBoard } from "./filters";

const text = strings.dashboards.messages;
const words = text.columns;
const USUAL = 30;

type Count = "sent" | "delivered" | "opened" | "clicked" | "bounced" | "unsubscribes";

const counted = (id: Count): Column<Figures> => ({
  id,
  label: words[id],
  numeric: true,
  value: (row) => row[id],
  cell: (row) => formatNumber(row[id]),
});
const rated = (
  id: string,
  label: string,
  of: (row: Figures) => number | null | undefined,
): Column<Figures> => ({
  id,
  label,
  numeric: true,
  value: of,
  cell: (row) => {
    const rate = of(row);
    return rate == null ? strings.list.none : formatShare(rate, 1);
  },
});

const messageAddress = (row: Figures) =>
  addressOf(row.channel === "sms" ? "sms_messages" : "emails", row.message ?? "");

const messageColumn = (nameOf: (row: Figures) => string): Column<Figures> => ({
  id: "message",
  label: words.message,
  fixed: true,
  value: nameOf,
  cell: (row) =>
    row.message ? (
      <LinkTo className={classes.nameLink} to={messageAddress(row)}>
        {nameOf(row)}
      </LinkTo>
    ) : (
      strings.list.none
    ),
});

const CHANNEL: Column<Figures> = {
  id: "channel",
  label: words.channel,
  value: (row) => row.channel,
  cell: (row) => humanise(row.channel),
};
const FIGURES: Column<Figures>[] = [
  counted("sent"),
  counted("delivered"),
  counted("opened"),
  counted("clicked"),
  counted("bounced"),
  counted("unsubscribes"),
  rated("delivery_rate", words.deliveryRate, (row) => row.delivery_rate),
  rated("open_rate", words.openRate, (row) => row.open_rate),
  rated("click_rate", words.clickRate, (row) => row.click_rate),
];
/** Nobody sees whether a text message was opened. */
const OPENS = new Set(["opened", "open_rate"]);

export type Channel = Figures["channel"];

/** What is told of messages: of both channels, or of one alone. */
export function useMessageColumns(channel?: Channel): Column<Figures>[] {
  const nameOf = useMessageName();
  return useMemo(() => {
    const told = channel === "sms" ? FIGURES.filter(({ id }) => !OPENS.has(id)) : FIGURES;
    return [messageColumn(nameOf), ...(channel ? [] : [CHANNEL]), ...told];
  }, [nameOf, channel]);
}

export function MessagesBoard() {
  const { search } = useBoard();
  // 0 in the address is all time.
  const days = search.days === 0 ? undefined : (search.days ?? USUAL);
  return (
    <div className={classes.stack}>
      <Group gap="xs">
        <JourneyFilter />
        <DaysFilter usual={USUAL} open />
      </Group>
      <MessageFigures filter={{ days, journey: search.journey }} />
    </div>
  );
}

/** Emails and text messages by their names. */
function useMessageName(): (row: Figures) => string {
  const email = useNamesOf("emails");
  const sms = useNamesOf("sms_messages");
  return useCallback(
    ({ channel, message }) => (channel === "sms" ? sms : email)(message ?? ""),
    [email, sms],
  );
}

/** The chart and the whole table; of both channels, or of one alone. */
export function MessageFigures({ filter, channel }: { filter: MessageFilter; channel?: Channel }) {
  const navigate = useNavigate();
  const figures = useQuery(messageFiguresQuery(filter));
  const told = figures.data?.items.filter((row) => !channel || row.channel === channel);
  const items = told ?? [];
  const nameOf = useMessageName();
  const columns = useMessageColumns(channel);
  return (
    <>
      {items.length > 0 ? (
        <Card title={text.chart}>
          <Bars
            label={text.chart}
            rows={items.slice(0, MOST_BARS).map((row) => ({ ...row, name: nameOf(row) }))}
            name="name"
            onChoose={(row) => void navigate({ to: messageAddress(row) })}
            series={[
              { key: "delivered", label: words.delivered, colour: "var(--cv-pending)" },
              { key: "opened", label: words.opened, colour: "var(--cv-audience)" },
              { key: "clicked", label: words.clicked, colour: "var(--cv-done)" },
            ]}
          />
        </Card>
      ) : null}
      <ListSection
        id="message-figures"
        title={strings.dashboards.tabs.messages}
        rows={wholeRows(figures, told)}
        columns={columns}
        rowKey={(row) => `${row.channel} ${row.message}`}
        empty={{ icon: ChartColumn, title: text.empty, hint: text.emptyHint }}
      />
    </>
  );
}
