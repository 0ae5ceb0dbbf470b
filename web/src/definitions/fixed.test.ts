import { fixedOf, idleOf } from "./fixed";

it("asks for nothing that the server lets nobody change", () => {
  expect(fixedOf("account_list", { state: "draft", type: "dynamic" })).toEqual(["type"]);
  expect(fixedOf("people_list", { state: "live", type: "dynamic" })).toEqual(["type", "when"]);
  expect(fixedOf("solution_interest", {})).toEqual(["roles_template"]);
  expect(fixedOf("email", { state: "live" })).toEqual([]);
});

it("leaves out what says nothing of a list of this type", () => {
  expect(idleOf("account_list", { type: "static" })).toEqual(["when"]);
  expect(idleOf("people_list", { type: "dynamic" })).toEqual(["people", "destinations"]);
  expect(idleOf("audience", { subject: "person" })).toEqual([]);
});
