import { Fragment } from "react";
import type { PersonRow } from "../api/types";
import { Score } from "../groups/Score";
import { textColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import classes from "../shell/shell.module.css";
import { strings } from "../strings";

const text = strings.people;
const none = strings.list.none;

type Named = Partial<Pick<PersonRow, "name" | "first_name" | "last_name" | "email">> & {
  key: string;
};

/** The best name there is: full name, its parts, the address, the key. */
export function personName(person: Named): string {
  const parts = [person.first_name, person.last_name].filter(Boolean).join(" ");
  return person.name || parts || person.email || person.key;
}

export const PEOPLE_COLUMNS: Column<PersonRow>[] = [
  {
    id: "name",
    label: text.columns.name,
    fixed: true,
    order: "name",
    fields: ["first_name", "last_name"],
    value: personName,
    cell: (row) => (
      <LinkTo className={classes.nameLink} to={at("/people", row.key)}>
        {personName(row)}
      </LinkTo>
    ),
  },
  textColumn("email", text.columns.email, (row) => row.email, {
    order: "email",
    fields: ["email"],
  }),
  textColumn("job_title", text.columns.jobTitle, (row) => row.job_title, {
    order: "job_title",
    fields: ["job_title"],
  }),
  {
    id: "accounts",
    label: text.columns.accounts,
    order: "accounts",
    fields: ["accounts"],
    value: (row) => row.accounts.map((account) => account.name || account.key).join("; "),
    cell: (row) =>
      row.accounts.length === 0
        ? none
        : row.accounts.map((account, index) => (
            <Fragment key={account.key}>
              {index > 0 ? ", " : ""}
              <LinkTo to={at("/accounts", account.key)}>{account.name || account.key}</LinkTo>
            </Fragment>
          )),
  },
  textColumn("country", text.columns.country, (row) => row.country, {
    order: "country",
    fields: ["country"],
  }),
  {
    id: "engagement",
    label: text.columns.engagement,
    order: "engagement",
    fields: ["engagement"],
    value: (row) => row.engagement,
    cell: (row) => (
      <Score of={`${text.columns.engagement}: ${personName(row)}`} percent={row.engagement} />
    ),
  },
  {
    id: "subscribed",
    label: text.columns.subscribed,
    order: "unsubscribed",
    fields: ["unsubscribed"],
    value: (row) => (row.unsubscribed ? text.unsubscribed : text.subscribed),
    cell: (row) => (
      <span className={classes.state}>
        <span
          className={classes.dot}
          data-state={row.unsubscribed ? "aborted" : "finished"}
          aria-hidden
        />
        {row.unsubscribed ? text.unsubscribed : text.subscribed}
      </span>
    ),
  },
  {
    id: "updated",
    label: text.columns.updated,
    order: "updated_at",
    fields: ["updated_at"],
    value: (row) => row.updated_at,
    optional: true,
    cell: (row) => <Moment at={row.updated_at} dimmed />,
  },
];
