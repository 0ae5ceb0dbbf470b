import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { strings } from "../strings";
import { renderInApp } from "../test-render";
import { SchemaForm } from "./SchemaForm";
import { fieldsOf } from "./schema";

const SCHEMA = {
  type: "object",
  properties: {
    old: { type: "string", maxLength: 10 },
    fresh: { type: "string", maxLength: 10, "x-instead-of": "old" },
    columns: {
      type: "object",
      additionalProperties: {
        type: "object",
        properties: { from: { type: "string", maxLength: 10 } },
        required: ["from"],
      },
    },
  },
};

function form(value: Record<string, unknown>) {
  const changed = vi.fn();
  renderInApp(<SchemaForm fields={fieldsOf(SCHEMA)} value={value} onChange={changed} />);
  return changed;
}

it("asks for one of two fields that stand for each other, and shows the other where it is set", () => {
  form({});
  expect(screen.queryByLabelText("Fresh")).toBeNull();
  form({ fresh: "x" });
  expect(screen.getByLabelText("Fresh")).toHaveValue("x");
});

it("begins a new entry of a map with what its values are made of", async () => {
  const changed = form({});
  await userEvent.type(screen.getByLabelText(strings.forms.newName), "mail");
  await userEvent.click(screen.getByRole("button", { name: strings.forms.add }));
  expect(changed).toHaveBeenLastCalledWith({ columns: { mail: { from: "" } } }, "columns");
});
