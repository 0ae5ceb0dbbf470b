// What the list of a journey's travellers shows of each trip.
import type { JourneyTraveller } from "../api/types";
import { textColumn } from "../shell/columns";
import type { Column } from "../shell/DataTable";
import { formatNumber } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import { endWord } from "./words";

const text = strings.travellers.columns;
type Trip = JourneyTraveller;

export function travellerColumns(
  journey: string,
  subject: "account" | "person",
  state: "active" | "ended",
): Column<Trip>[] {
  const name: Column<Trip> = {
    id: "name",
    label: text.name,
    fixed: true,
    order: "name",
    fields: ["name"],
    value: (row) => row.traveller.name || row.traveller.key,
    cell: (row) => (
      <LinkTo
        className={shell.nameLink}
        to={`${at("/journeys", journey)}/${at("travellers", row.id)}`}
      >
        {row.traveller.name || row.traveller.key}
      </LinkTo>
    ),
  };
  const key = textColumn<Trip>("key", text.key, (row) => row.traveller.key || null, {
    optional: true,
    fields: ["key"],
  });
  const email = textColumn<Trip>("email", text.email, (row) => row.email, { fields: ["email"] });
  const outcome: Column<Trip> = {
    id: "outcome",
    label: text.outcome,
    order: "outcome",
    fields: ["outcome"],
    value: (row) => endWord(row.outcome),
    cell: (row) => endWord(row.outcome),
  };
  const node = textColumn<Trip>("node", text.node, (row) => row.node_title || null, {
    fields: ["node_title"],
  });
  const entry: Column<Trip> = {
    id: "entry",
    label: text.entry,
    numeric: true,
    optional: true,
    fields: ["entry"],
    value: (row) => row.entry,
    cell: (row) => formatNumber(row.entry),
  };
  const active = state === "active";
  return [
    name,
    ...(subject === "person" ? [email] : []),
    key,
    ...(active ? [] : [outcome]),
    node,
    moment("entered", (row) => row.entered_at, { order: "entered_at", fields: ["entered_at"] }),
    moment("arrived", (row) => row.arrived_at, { optional: true, fields: ["arrived_at"] }),
    active
      ? moment("due", (row) => row.due_at, { order: "due_at", fields: ["due_at"] })
      : moment("ended", (row) => row.ended_at, { order: "ended_at", fields: ["ended_at"] }),
    entry,
  ];
}

function moment(
  id: "entered" | "arrived" | "due" | "ended",
  value: (row: Trip) => string | null | undefined,
  more: Pick<Column<Trip>, "optional" | "order" | "fields">,
): Column<Trip> {
  return {
    id,
    label: text[id],
    value,
    cell: (row) => <Moment at={value(row)} dimmed />,
    ...more,
  };
}
