// What differs between two manifests, in words.
import { Text } from "@mantine/core";
import { conditionWords } from "../map/settings";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import type { Difference } from "./differences";
import classes from "./editor.module.css";

const text = strings.editor.differences;

type Props = {
  differences: Difference[];
  titles: ReadonlyMap<string, string>;
  empty: string;
};

export function DifferenceList({ differences, titles, empty }: Props) {
  if (differences.length === 0) return <Text c="dimmed">{empty}</Text>;
  return (
    <ul className={classes.differenceList}>
      {differences.map((difference) => (
        <li key={difference.node ?? ""} data-kind={difference.kind}>
          <Text span fw={600} size="sm">
            {difference.node === undefined
              ? text.journey
              : `${titles.get(difference.node) ?? humanise(difference.node)} (${difference.node})`}
          </Text>{" "}
          <Text span size="sm" c="dimmed">
            {text[difference.kind]}
          </Text>
          {difference.fields.length > 0 ? (
            <dl>
              {difference.fields.map((field) => (
                <div key={field.name}>
                  <dt>{humanise(field.name)}</dt>
                  <dd>
                    <del>{inWords(field.before)}</del> <ins>{inWords(field.after)}</ins>
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

const inWords = (value: unknown) =>
  value === undefined || value === null ? text.none : conditionWords(value);
