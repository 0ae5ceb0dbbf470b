import { doubled, guessed, missing, targetsOf } from "./columns";

const KNOWN = {
  account: [
    { key: "name", label: "Name" },
    { key: "employees", label: "Num Employees" },
  ],
  person: [{ key: "email", label: "Email Address" }],
  fields: { licence: ["id", "plan"] },
};

it("offers what the kind of file knows", () => {
  const values = (kind: string) => targetsOf(kind, KNOWN).map(({ value }) => value);
  expect(values("accounts")).toEqual(["key", "name", "employees"]);
  expect(values("people")).toEqual(["key", "account_key", "account_roles", "relation", "email"]);
  expect(values("consents")).toEqual(["phone", "sender", "consent"]);
  expect(values("licence")).toEqual(["account_key", "person_key", "record", "id", "plan"]);
});

it("guesses by key, by label and by the names that other systems use, each once", () => {
  const targets = targetsOf("accounts", KNOWN);
  expect(guessed(["Account ID", "Company", "num employees", "Notes", "Id"], targets)).toEqual({
    "Account ID": "key",
    Company: "name",
    "num employees": "employees",
    Notes: "",
    Id: "",
  });
});

it("says what is missing and what comes twice", () => {
  expect(missing("activities", { a: "type", b: "person_key" })).toEqual([["at"]]);
  expect(missing("accounts", { a: "" })).toEqual([["key"]]);
  expect(missing("consents", { a: "phone", b: "consent" })).toEqual([["sender"]]);
  expect(doubled({ a: "key", b: "key" })).toBe(true);
  expect(doubled({ a: "", b: "" })).toBe(false);
});
