// What differs between two manifests, in words.
import { Anchor, Text } from "@mantine/core";
import { useNames } from "../conditions/useNames";
import { conditionWords, type Names } from "../conditions/words";
import { textValue } from "../map/settings";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import type { Difference } from "./differences";
import classes from "./editor.module.css";
import { isRecord } from "./manifest";

const text = strings.editor.differences;

type Props = {
  differences: Difference[];
  titles: ReadonlyMap<string, string>;
  empty: string;
  /** The node whose difference is at hand. */
  chosen?: string | undefined;
  onChoose?: (node: string) => void;
};

export function DifferenceList({ differences, titles, empty, chosen, onChoose }: Props) {
  const names = useNames(
    differences.flatMap(({ fields }) => fields.map((each) => ({ [each.name]: each }))),
  );
  if (differences.length === 0) return <Text c="dimmed">{empty}</Text>;
  return (
    <ul className={classes.differenceList}>
      {differences.map((difference) => (
        <li
          key={difference.node ?? ""}
          data-kind={difference.kind}
          data-chosen={(chosen !== undefined && chosen === difference.node) || undefined}
        >
          <Heading node={difference.node} titles={titles} onChoose={onChoose} />{" "}
          <Text span size="sm" c="dimmed">
            {text[difference.kind]}
          </Text>
          {difference.fields.length > 0 ? (
            <dl>
              {difference.fields.map((field) => (
                <div key={field.name}>
                  <dt>{text.fields[field.name] ?? humanise(field.name)}</dt>
                  <dd>
                    <del>{inWords(field.name, field.before, titles, names)}</del>{" "}
                    <ins>{inWords(field.name, field.after, titles, names)}</ins>
                  </dd>
                </div>
              ))}
            </dl>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

type HeadingProps = Pick<Props, "titles" | "onChoose"> & { node: string | undefined };

function Heading({ node, titles, onChoose }: HeadingProps) {
  const words =
    node === undefined ? text.journey : `${titles.get(node) ?? humanise(node)} (${node})`;
  if (node === undefined || !onChoose)
    return (
      <Text span fw={600} size="sm">
        {words}
      </Text>
    );
  return (
    <Anchor
      component="button"
      type="button"
      ta="left"
      fw={600}
      size="sm"
      onClick={() => onChoose(node)}
    >
      {words}
    </Anchor>
  );
}

/** Where something leads is told by the title of what stands there. */
function inWords(
  field: string,
  value: unknown,
  titles: ReadonlyMap<string, string>,
  names: Names,
): string {
  if (value === undefined || value === null) return text.none;
  if (LEADING.has(field) && typeof value === "string") return titles.get(value) ?? value;
  if (typeof value === "string") return textValue(field, value, names);
  if (Array.isArray(value) && value.some(isRecord)) {
    return value.map((part) => inWords("", part, titles, names)).join("; ");
  }
  if (Array.isArray(value)) return value.map((part) => textValue(field, part, names)).join(", ");
  if (!isRecord(value) || CONDITIONS.has(field)) return conditionWords(value, names);
  const { label, ...rest } = value;
  const parts = Object.entries(rest).map(([name, inner]) => {
    const told = inWords(name, inner, titles, names);
    return CONDITIONS.has(name) ? told : `${text.fields[name] ?? humanise(name)}: ${told}`;
  });
  return typeof label === "string" ? `${label} (${parts.join(", ")})` : parts.join(", ");
}

const LEADING = new Set(["next", "entry"]);
const CONDITIONS = new Set(["when", "where", "filters", "all", "any"]);
