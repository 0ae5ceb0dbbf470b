// How one looks at maps: the direction is remembered in this browser, opened boxes as long as the map is shown.
import { useLocalStorage } from "@mantine/hooks";
import { useCallback, useEffect, useState } from "react";
import type { Direction } from "./layout";

export function useDirection() {
  const [direction, setDirection] = useLocalStorage<Direction>({
    key: "caravan.map.direction",
    defaultValue: "horizontal",
    getInitialValueInEffect: false,
  });
  const turn = () => setDirection(direction === "horizontal" ? "vertical" : "horizontal");
  return { direction, turn };
}

/** `holds`: the box of the action that is chosen, which opens to show it. */
export function useOpenedBoxes(holds?: string) {
  const [opened, setOpened] = useState<Set<string>>(new Set());
  const toggleBox = useCallback((node: string) => setOpened((now) => toggled(now, node)), []);
  const openBox = useCallback(
    (node: string) => setOpened((now) => (now.has(node) ? now : toggled(now, node))),
    [],
  );
  useEffect(() => {
    if (holds) openBox(holds);
  }, [holds, openBox]);
  return { opened, toggleBox, openBox };
}

function toggled(set: Set<string>, member: string): Set<string> {
  const next = new Set(set);
  if (!next.delete(member)) next.add(member);
  return next;
}
