// Why a traveller is where it is: what was decided when it came, what was heard and did not count, and what would have
// to change. Everything was noted at that time; nothing is asked of today's data.
import { List, Text } from "@mantine/core";
import type { Trip } from "../api/types";
import { Card } from "../shell/Card";
import { formatInstant, inReadersZone } from "../shell/format";
import { prose } from "../shell/Prose";
import { strings } from "../strings";
import { heldLine, pathWord } from "./words";

type Here = Trip["here"];
type Why = NonNullable<Here["why"]>;
type Tried = Why["tried"][number];
type TurnedDown = Why["turned_down"][number];

const text = strings.trip.why;

export function WhyHere({ here, held = [] }: { here: Here; held?: Trip["held"] | undefined }) {
  const { why } = here;
  const turnedDown = [...(why?.turned_down ?? []), ...(here.turned_down ?? [])];
  return (
    <Card title={text.title}>
      {why ? <Text>{prose(why.text)}</Text> : null}
      {(why?.tried ?? []).map((tried) => (
        <Condition key={tried.path} tried={tried} />
      ))}
      {held.map((each) => (
        <Text key={each.reason}>{heldLine(each)}</Text>
      ))}
      {turnedDown.length > 0 ? <DidNotCount all={turnedDown} /> : null}
      {here.to_change.length > 0 ? (
        <>
          <Text fw={600} mt="sm">
            {text.toChange}
          </Text>
          <List size="sm">
            {here.to_change.map((change) => (
              <List.Item key={change}>{prose(change)}</List.Item>
            ))}
          </List>
        </>
      ) : null}
    </Card>
  );
}

/** A path's condition with what each of its tests saw. */
function Condition({ tried }: { tried: Tried }) {
  return (
    <>
      <Text size="sm" mt="xs">
        {text.condition(pathWord(tried.path), tried.held)}
      </Text>
      <List size="sm">
        {tried.tests.map((test) => (
          <List.Item key={test.text}>
            {inReadersZone(test.text)}{" "}
            <Text span inherit c="dimmed">
              {test.held == null ? text.notLookedAt : text.saw(test.held, test.saw)}
            </Text>
          </List.Item>
        ))}
      </List>
    </>
  );
}

/** Activities that were heard and turned down, oldest first. */
function DidNotCount({ all }: { all: TurnedDown[] }) {
  return (
    <>
      <Text fw={600} mt="sm">
        {text.turnedDown}
      </Text>
      <List size="sm">
        {all.map((it, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what was heard never changes order
          <List.Item key={index}>
            {text.heard(it.title, it.person?.name, formatInstant(it.at))}{" "}
            <Text span inherit c="dimmed">
              {prose(it.reason)}
            </Text>
          </List.Item>
        ))}
      </List>
    </>
  );
}
