import {
  connected,
  disconnected,
  freshName,
  goesAround,
  placesOf,
  type Stage,
  stagesOf,
  withoutStage,
  withStage,
} from "./model";

const STAGES: Stage[] = [
  { name: "Aware", entry: true, to: ["Deciding"] },
  { name: "Deciding", to: ["Won", "Aware"] },
  { name: "Won", destination: "success" },
];

it("carries a new name into the moves that lead there", () => {
  const stages = withStage(STAGES, 0, { name: "Curious" });
  expect(stages.map((stage) => stage.to)).toEqual([["Deciding"], ["Won", "Curious"], undefined]);
});

it("takes a stage away together with the moves to it", () => {
  expect(withoutStage(STAGES, 2)).toEqual([
    { name: "Aware", entry: true, to: ["Deciding"] },
    { name: "Deciding", to: ["Aware"] },
  ]);
});

it("allows a move once, never to itself, and takes it back", () => {
  const more = connected(STAGES, "Aware", "Won");
  expect(more[0]?.to).toEqual(["Deciding", "Won"]);
  expect(connected(more, "Aware", "Won")).toEqual(more);
  expect(connected(STAGES, "Won", "Won")).toEqual(STAGES);
  expect(disconnected(more, "Aware", "Won")).toEqual(STAGES);
});

it("leaves out what was emptied", () => {
  expect(withStage(STAGES, 0, { entry: false, to: [] })[0]).toEqual({ name: "Aware" });
});

it("finds a name that is free, whatever its case", () => {
  const stages = stagesOf({ stages: [{ name: "stage 2" }] });
  expect(freshName(stages, (n) => `Stage ${n}`)).toBe("Stage 3");
});

it("draws stages along their moves, and those that nothing leads to as well", () => {
  const places = placesOf([...STAGES, { name: "Alone" }]);
  expect(places.size).toBe(4);
  expect(places.get("Won")?.x).toBeGreaterThan(places.get("Deciding")?.x ?? Number.NaN);
});

it("keeps bad ends below, and leads moves that pass other stages around them", () => {
  const places = placesOf([
    { name: "Aware", to: ["Deciding", "Lost", "Won"] },
    { name: "Deciding", to: ["Won", "Lost", "Aware"] },
    { name: "Won", destination: "success" },
    { name: "Lost", destination: "failure" },
  ]);
  const rows = ["Aware", "Deciding", "Won", "Lost"].map((name) => places.get(name)?.y ?? 0);
  expect(rows[3]).toBeGreaterThan(Math.max(...rows.slice(0, 3)));
  expect(goesAround(places, "Aware", "Deciding")).toBe(false);
  expect(goesAround(places, "Aware", "Lost")).toBe(true);
  expect(goesAround(places, "Deciding", "Lost")).toBe(false);
  expect(goesAround(places, "Deciding", "Aware")).toBe(true);
});
