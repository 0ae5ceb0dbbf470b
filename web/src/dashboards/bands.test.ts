import { byCompleteness, byStage } from "./bands";

it("counts groups by stage in the model's order, those without one last", () => {
  const groups = [{ stage: "Won" }, { stage: null }, { stage: "Aware" }, { stage: "Won" }];
  expect(byStage(groups, ["Aware", "Won"])).toEqual([
    { name: "Aware", groups: 1 },
    { name: "Won", groups: 2 },
    { name: "No stage", groups: 1 },
  ]);
});

it("counts groups by their exact completeness, each once", () => {
  const groups = [0, 24.9, 25, 74.99, 75, 100, null].map((completeness) => ({ completeness }));
  expect(byCompleteness(groups).map((band) => band.groups)).toEqual([2, 1, 1, 2]);
});
