import { strings } from "../strings";
import { beginsAsDraft, fixedOf, idleOf, lockOf } from "./fixed";

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

it("says why a published model is fixed, and whether a copy is the way on", () => {
  expect(lockOf("roles_template", { state: "draft" })).toBeUndefined();
  expect(lockOf("roles_template", { state: "live" })).toEqual({
    why: "roles_template",
    copy: true,
  });
  expect(lockOf("stage_model", { state: "live" })).toEqual({ why: "stage_model", copy: false });
  expect(lockOf("weighting_model", { state: "archived" })?.why).toBe("weighting_model_archived");
  for (const kind of ["roles_template", "stage_model", "weighting_model"])
    expect(strings.definitions.locks[lockOf(kind, { state: "live" })?.why ?? ""]).toBeTruthy();
});

it("lets be a draft first what its first publishing fixes", () => {
  expect(beginsAsDraft("roles_template")).toBe(true);
  expect(beginsAsDraft("account_list")).toBe(false);
  expect(fixedOf("weighting_model", { state: "archived" })).toEqual([
    "name",
    "bands",
    "activities",
  ]);
});
