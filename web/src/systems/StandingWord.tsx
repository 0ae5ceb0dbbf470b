import { type Grade, Verdict } from "../shell/Verdict";
import { strings } from "../strings";
import type { Standing } from "./systems";

const GRADES: Record<Standing, Grade> = {
  healthy: "good",
  failing: "bad",
  untested: "none",
  paused: "warning",
  switched_off: "bad",
};

export const StandingWord = ({ standing }: { standing: Standing }) => (
  <Verdict grade={GRADES[standing]} word={strings.systems.standings[standing]} />
);
