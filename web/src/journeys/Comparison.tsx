// The versions of a journey beside each other, and the paths of its variant splits.

import type { JourneyFigures } from "../api/types";
import own from "../dashboards/dashboards.module.css";
import { Card } from "../shell/Card";
import { type Column, DataTable } from "../shell/DataTable";
import { formatDate, formatNumber, formatShare } from "../shell/format";
import { ExportButton } from "../shell/ListTools";
import { givenRows } from "../shell/useRows";
import { strings } from "../strings";

const text = strings.figures;
const words = text.columns;

type Version = JourneyFigures["versions"][number];
type Variant = JourneyFigures["variants"][number];

/** What both are compared by; the goal only where one of them has one. */
function performance<T extends Version | Variant>(rows: T[]): Column<T>[] {
  const counted = (id: string, label: string, of: (row: T) => number | null): Column<T> => ({
    id,
    label,
    numeric: true,
    value: of,
    cell: (row) => formatNumber(of(row)),
  });
  const rated = (id: string, label: string, of: (row: T) => number | null): Column<T> => ({
    id,
    label,
    numeric: true,
    value: of,
    cell: (row) => formatShare(of(row) ?? 0, of(row) === null ? 0 : 1),
  });
  return [
    counted("entered", text.entered, (row) => row.entered),
    counted("completed", text.completed, (row) => row.completed),
    rated("completion_rate", text.rate, (row) => row.completion_rate ?? null),
    ...(rows.some((row) => row.goal)
      ? [
          counted("converted", words.converted, (row) => row.goal?.converted ?? null),
          rated("conversion_rate", words.conversion, (row) => row.goal?.rate ?? null),
        ]
      : []),
  ];
}

const VERSION: Column<Version>[] = [
  {
    id: "version",
    label: words.version,
    fixed: true,
    value: (row) => row.version,
    cell: (row) => strings.journey.version(row.version),
  },
  {
    id: "published",
    label: words.published,
    value: (row) => row.published_at,
    cell: (row) => formatDate(row.published_at),
  },
];

const VARIANT: Column<Variant>[] = [
  { id: "path", label: words.path, fixed: true, value: (row) => row.path, cell: (row) => row.path },
  { id: "node", label: words.node, value: (row) => row.title, cell: (row) => row.title },
];

export function Comparison({ figures }: { figures: JourneyFigures }) {
  const { versions, variants } = figures;
  return (
    <div className={own.halves}>
      {versions.length > 0 ? (
        <Compared
          title={text.versions}
          file={`${figures.key}-versions`}
          items={versions}
          columns={[...VERSION, ...performance(versions)]}
          rowKey={(row) => String(row.version)}
        />
      ) : null}
      {variants.length > 0 ? (
        <Compared
          title={text.variants}
          file={`${figures.key}-variants`}
          items={variants}
          columns={[...VARIANT, ...performance(variants)]}
          rowKey={(row) => `${row.node} ${row.path}`}
        />
      ) : null}
    </div>
  );
}

type Props<T> = {
  title: string;
  file: string;
  items: T[];
  columns: Column<T>[];
  rowKey: (row: T) => string;
};

function Compared<T>({ title, file, items, columns, rowKey }: Props<T>) {
  const rows = givenRows(items);
  return (
    <Card title={title} aside={<ExportButton name={file} rows={rows} columns={columns} />}>
      <DataTable label={title} rows={rows} columns={columns} rowKey={rowKey} empty={null} />
    </Card>
  );
}
