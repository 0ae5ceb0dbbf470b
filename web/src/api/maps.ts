// A journey's map as the server draws it, what it says of times told in the zone of whoever reads it.
import { inReadersZone } from "../shell/format";
import { body, client } from "./client";
import type { Fact, JourneyMap } from "./types";

/** The live version; another by its number, or `draft`. */
export const readMap = async (key: string, version?: string): Promise<JourneyMap> =>
  toldMap(
    await body(
      client.GET("/api/v1/journeys/{key}/map", {
        params: { path: { key }, ...(version ? { query: { version } } : {}) },
      }),
    ),
  );

export const toldMap = (map: JourneyMap): JourneyMap => ({
  ...map,
  nodes: map.nodes.map((node) => ({
    ...node,
    facts: told(node.facts),
    box:
      node.box?.map((path) => ({
        ...path,
        condition: path.condition == null ? path.condition : inReadersZone(path.condition),
        actions: path.actions.map((action) => ({ ...action, facts: told(action.facts) })),
      })) ?? null,
  })),
});

const told = (facts: Fact[]) =>
  facts.map(({ label, value }) => ({ label, value: inReadersZone(value) }));
