import { byBand, byStage } from "./bands";

it("lists stages in the order of the model, then what the model does not know", () => {
  const counted = [
    { stage: null, groups: 3 },
    { stage: "Won", groups: 2 },
    { stage: "Old", groups: 1 },
  ];
  expect(byStage(counted, ["Aware", "Won"])).toEqual([
    { stage: "Aware", name: "Aware", groups: 0 },
    { stage: "Won", name: "Won", groups: 2 },
    { stage: null, name: "No stage", groups: 3 },
    { stage: "Old", name: "Old", groups: 1 },
  ]);
});

it("names bands by their ends, and those without a score only when there are any", () => {
  const bands = [
    { from: 0, to: 25, groups: 1 },
    { from: 75, to: 100, groups: 0 },
    { from: null, to: null, groups: 0 },
  ];
  expect(byBand(bands).map(({ name }) => name)).toEqual(["0–25%", "75–100%"]);
  expect(byBand([{ from: null, to: null, groups: 2 }])).toEqual([{ name: "No score", groups: 2 }]);
});
