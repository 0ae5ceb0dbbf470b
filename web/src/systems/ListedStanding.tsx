import { useQuery } from "@tanstack/react-query";
import { systemStatesQuery } from "../api/systems";
import { strings } from "../strings";
import { StandingWord } from "./StandingWord";
import { standingOf, systemsOf } from "./systems";

/** How one of a list of connections, services or webhooks is; all of them are asked for once. */
export function ListedStanding({ kind, definition }: { kind: string; definition: string }) {
  const { data } = useQuery(systemStatesQuery(systemsOf(kind)));
  const state = data?.items.find(({ key }) => key === definition);
  return state ? <StandingWord standing={standingOf(state)} /> : strings.list.none;
}
