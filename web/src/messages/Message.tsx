import { Code, SegmentedControl, Skeleton, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { mailQuery } from "../api/queries";
import type { Mail } from "../api/types";
import { ErrorNotice } from "../shell/ErrorNotice";
import { Facts } from "../shell/Facts";
import { formatInstant } from "../shell/format";
import { strings } from "../strings";
import classes from "./messages.module.css";

const text = strings.messages;

type View = keyof typeof text.views;
const VIEWS: View[] = ["html", "text", "headers", "source"];

/** One caught message: as its reader sees it, as text, its headers, and the bytes as sent. */
export function Message({ id }: { id: string }) {
  const { data: mail, error, refetch } = useQuery(mailQuery(id));
  const [view, setView] = useState<View>("html");
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!mail) return <Skeleton height={320} m="lg" w="auto" />;
  return (
    <article className={classes.message}>
      <header className={classes.messageHead}>
        <Title order={2}>{mail.subject || text.noSubject}</Title>
        <Facts
          facts={[
            { label: text.from, value: mail.from },
            { label: text.to, value: mail.to.join(", ") },
            { label: text.received, value: formatInstant(mail.received_at) },
          ]}
        />
        <SegmentedControl
          size="xs"
          aria-label={text.viewLabel}
          value={view}
          onChange={(value) => setView(value as View)}
          data={VIEWS.map((value) => ({ value, label: text.views[value] }))}
        />
      </header>
      <Body mail={mail} view={view} />
    </article>
  );
}

function Body({ mail, view }: { mail: Mail; view: View }) {
  if (view === "headers") return <Headers mail={mail} />;
  if (view === "source") return <Plain text={mail.source} />;
  if (view === "text")
    return mail.text ? <Plain text={mail.text} /> : <Missing text={text.noText} />;
  if (!mail.html) return mail.text ? <Plain text={mail.text} /> : <Missing text={text.noHtml} />;
  // The mail is foreign: no scripts, no forms, no access to this page; links open elsewhere.
  return (
    <iframe
      className={classes.frame}
      title={text.frame(mail.subject || text.noSubject)}
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      referrerPolicy="no-referrer"
      srcDoc={`<base target="_blank">${mail.html}`}
    />
  );
}

function Plain({ text: content }: { text: string }) {
  return (
    <Code block className={classes.plain} tabIndex={0}>
      {content}
    </Code>
  );
}

const Missing = ({ text: sentence }: { text: string }) => (
  <Text c="dimmed" p="lg">
    {sentence}
  </Text>
);

function Headers({ mail }: { mail: Mail }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={classes.headers} tabIndex={0} aria-label={text.views.headers}>
      <Table fz="sm" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.headerColumns.name}</Table.Th>
            <Table.Th>{text.headerColumns.value}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {mail.headers.map(([name, value], index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: headers repeat and never change order
            <Table.Tr key={index}>
              <Table.Td className={classes.headerName}>{name}</Table.Td>
              <Table.Td className={classes.headerValue}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
