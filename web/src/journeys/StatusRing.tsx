import type { JourneyStatus } from "../api/types";
import { at } from "../shell/LinkTo";
import { Ring } from "../shell/Ring";
import { strings } from "../strings";
import { ringParts } from "./ring";

type Props = Pick<JourneyStatus, "travellers"> & { journey: string };

/** All who entered, by where they are now: inside, completed, or how they ended early. */
export function StatusRing({ journey, travellers }: Props) {
  const list = `${at("/journeys", journey)}/travellers`;
  const parts = ringParts(travellers).map(({ state, count, colour }) => ({
    label: strings.travellerStates[state] ?? state,
    count,
    colour,
    to: state === "active" ? list : `${list}?state=ended`,
  }));
  return <Ring whole={travellers.entered} total={strings.overview.entered} parts={parts} />;
}
