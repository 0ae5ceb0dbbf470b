import { aMap } from "../map/sample.test-support";
import { formatInstant } from "../shell/format";
import { toldMap } from "./maps";
import type { JourneyMap, MapNode } from "./types";

const AT = "2027-02-03T09:45:00Z";

it("tells the times on cards and in boxes in the zone of whoever reads", () => {
  const map = aMap();
  const [node] = map.nodes as [MapNode];
  const fact = { label: "Wait", value: `until ${AT}` };
  const drawn: JourneyMap = {
    ...map,
    nodes: [
      {
        ...node,
        facts: [fact],
        box: [
          {
            label: "Late",
            path: "Late",
            condition: `created at is after ${AT}`,
            actions: [{ id: "a", icon: "bolt", title: "An action", facts: [fact] }],
          },
        ],
      },
    ],
  };
  const [told] = toldMap(drawn).nodes as [MapNode];
  const words = `until ${formatInstant(AT)}`;
  expect(told.facts).toEqual([{ label: "Wait", value: words }]);
  expect(told.box?.[0]?.condition).toBe(`created at is after ${formatInstant(AT)}`);
  expect(told.box?.[0]?.actions[0]?.facts).toEqual([{ label: "Wait", value: words }]);
});
