import { mayMove, offersFor } from "./stageMoves";

const MODEL = [
  { name: "Aware", entry: true, to: ["Interested"] },
  { name: "Interested", entry: false, to: ["Won", "Aware"] },
  { name: "Won", entry: false, to: [] },
];
const reasons = (from: (string | null)[]) => offersFor(MODEL, from).map(({ why }) => why);

it("offers the moves that the model allows, and says why not the others", () => {
  expect(reasons(["Aware"])).toEqual([
    "Stands there already",
    undefined,
    "The model does not lead there from Aware",
  ]);
  expect(reasons([null])).toEqual([undefined, "No group begins there", "No group begins there"]);
});

it("offers to many what is open to any of them, and tells how many may go", () => {
  expect(reasons(["Aware", "Interested"])).toEqual([undefined, undefined, undefined]);
  expect(reasons(["Aware", null])[2]).toBe("The model leads none of them there");
  expect(mayMove(MODEL, ["Aware", "Interested", null], "Aware")).toBe(2);
  expect(mayMove(MODEL, ["Aware"], "Nowhere")).toBe(0);
});
