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

const SWITCHES = {
  type: "object",
  properties: {
    usually_on: { type: "boolean", default: true },
    usually_off: { type: "boolean", default: false },
    as_it_is: { type: ["boolean", "null"] },
    said: { type: "boolean" },
  },
  required: ["said"],
};

it("shows what holds where a switch is left out, and says only what differs from it", async () => {
  const changed = vi.fn();
  const value = { said: false };
  renderInApp(<SchemaForm fields={fieldsOf(SWITCHES)} value={value} onChange={changed} />);
  expect(screen.getByLabelText("Usually on")).toBeChecked();
  expect(screen.getByLabelText("Usually off")).not.toBeChecked();
  await userEvent.click(screen.getByLabelText("Usually on"));
  expect(changed).toHaveBeenLastCalledWith({ said: false, usually_on: false }, "usually_on");
  await userEvent.click(screen.getByLabelText("Said"));
  expect(changed).toHaveBeenLastCalledWith({ said: true }, "said");
});

it("asks for yes or no where leaving it out is a third answer", async () => {
  const changed = vi.fn();
  renderInApp(<SchemaForm fields={fieldsOf(SWITCHES)} value={{}} onChange={changed} />);
  await userEvent.click(screen.getByRole("combobox", { name: "As it is" }));
  await userEvent.click(await screen.findByRole("option", { name: strings.values.no }));
  expect(changed).toHaveBeenLastCalledWith({ as_it_is: false }, "as_it_is");
});

const SOURCES = {
  type: "object",
  properties: {
    email: { type: "string", maxLength: 10, "x-source": "Our own" },
    campaign: { type: "string", maxLength: 10, "x-source": "Elsewhere" },
    note: { type: "string", maxLength: 10 },
  },
};

it("asks only for the fields of the source that is chosen, and drops those of the others", async () => {
  const changed = vi.fn();
  const value = { email: "hello", note: "x" };
  renderInApp(<SchemaForm fields={fieldsOf(SOURCES)} value={value} onChange={changed} />);
  expect(screen.queryByLabelText("Campaign")).toBeNull();
  await userEvent.click(screen.getByRole("radio", { name: "Elsewhere" }));
  expect(changed).toHaveBeenLastCalledWith({ note: "x" }, "");
});

it("shows the source of which something is written", () => {
  renderInApp(
    <SchemaForm fields={fieldsOf(SOURCES)} value={{ campaign: "x" }} onChange={vi.fn()} />,
  );
  expect(screen.getByRole("radio", { name: "Elsewhere" })).toBeChecked();
  expect(screen.queryByLabelText("Email")).toBeNull();
});

it("takes a number or a name that stands beside it", async () => {
  const schema = {
    type: "object",
    properties: { weight: { anyOf: [{ type: "integer" }, { type: "string" }] } },
  };
  const changed = vi.fn();
  renderInApp(<SchemaForm fields={fieldsOf(schema)} value={{}} onChange={changed} />);
  await userEvent.type(screen.getByLabelText("Weight", { selector: "input" }), "7");
  expect(changed).toHaveBeenLastCalledWith({ weight: 7 }, "weight");
  await userEvent.type(screen.getByLabelText("Weight", { selector: "input" }), "V");
  expect(changed).toHaveBeenLastCalledWith({ weight: "V" }, "weight");
});
