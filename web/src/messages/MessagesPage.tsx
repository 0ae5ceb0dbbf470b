// Caught mail: the list left, the chosen message right.
import { Text, Title, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Mail, MailOpen, SearchX } from "lucide-react";
import { ApiError } from "../api/problem";
import { mailListQuery } from "../api/queries";
import type { MailRow } from "../api/types";
import { MoreRows, rowsOf, totalOf } from "../shell/DataTable";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { SearchBox } from "../shell/ListTools";
import { Moment } from "../shell/Moment";
import { PageHeader } from "../shell/PageHeader";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { Message } from "./Message";
import classes from "./messages.module.css";

const text = strings.messages;

export function MessagesPage() {
  const { id, q } = useSearch({ from: "/inside/messages" });
  const rows = useInfiniteQuery(mailListQuery(q));
  const items = rowsOf(rows);
  const none = !rows.isPending && !rows.isPlaceholderData && items.length === 0;
  if (rows.error && !rows.data) return <Refused error={rows.error} onRetry={rows.refetch} />;
  return (
    <div className={shell.page}>
      <PageHeader title={text.title} total={totalOf(rows)} detail={text.lead}>
        {none && !q ? null : <SearchBox label={text.search} />}
      </PageHeader>
      {none && q ? (
        <EmptyState icon={SearchX} title={strings.list.noMatch(q)} hint={text.noMatchHint} />
      ) : none ? (
        <EmptyState icon={Mail} title={text.empty} hint={text.emptyHint} />
      ) : (
        <div className={classes.split}>
          <nav className={classes.list} aria-label={text.list}>
            {items.map((item) => (
              <Row key={item.id} item={item} open={item.id === id} />
            ))}
            <MoreRows rows={rows} shown={items.length} />
          </nav>
          <section className={classes.reader} aria-label={text.title}>
            {id ? <Message id={id} /> : <Unchosen />}
          </section>
        </div>
      )}
    </div>
  );
}

function Row({ item, open }: { item: MailRow; open: boolean }) {
  const navigate = useNavigate();
  return (
    <UnstyledButton
      className={classes.row}
      aria-current={open ? "true" : undefined}
      onClick={() => navigate({ to: "/messages", search: ({ q }) => ({ q, id: item.id }) })}
    >
      <span className={classes.rowTop}>
        <Text span fw={600} truncate fz="sm">
          {item.to.join(", ")}
        </Text>
        <Text span fz="xs" c="dimmed">
          <Moment at={item.received_at} />
        </Text>
      </span>
      <Text span fz="sm" truncate c="dimmed" display="block">
        {item.subject || text.noSubject}
      </Text>
    </UnstyledButton>
  );
}

function Unchosen() {
  return (
    <div className={classes.unchosen}>
      <MailOpen size={28} aria-hidden />
      <Title order={2}>{text.choose}</Title>
    </div>
  );
}

function Refused({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const off = error instanceof ApiError && error.code === "mail_catcher_off";
  return (
    <div className={shell.page}>
      <PageHeader title={text.title} />
      {off ? (
        <EmptyState icon={Mail} title={text.off} hint={text.offHint} />
      ) : (
        <ErrorNotice error={error} onRetry={onRetry} />
      )}
    </div>
  );
}
