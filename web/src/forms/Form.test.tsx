import { Button, MultiSelect, Select, TextInput } from "@mantine/core";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { strings } from "../strings";
import { renderInApp } from "../test-render";
import { Form } from "./Form";

const text = strings.forms.wrong;

function Asking({ onSubmit }: { onSubmit: () => void }) {
  const [name, setName] = useState("");
  const [way, setWay] = useState<string | null>(null);
  return (
    <Form onSubmit={onSubmit}>
      <TextInput
        label="Name"
        description="Of the list"
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput label="Email" type="email" defaultValue="nobody" />
      <Select label="Way" required data={["one", "two"]} value={way} onChange={setWay} />
      <Button onClick={() => setWay("two")}>Second way</Button>
      <Button type="submit">Save</Button>
    </Form>
  );
}

async function asked() {
  const submitted = vi.fn();
  renderInApp(<Asking onSubmit={submitted} />);
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  return submitted;
}

const field = (name: string) => screen.getByRole("textbox", { name: new RegExp(name) });

it("says at every wrong field what is wrong, goes to the first, and sends nothing", async () => {
  const submitted = await asked();
  expect(submitted).not.toHaveBeenCalled();
  expect(field("Name")).toHaveFocus();
  expect(field("Name")).toHaveAccessibleDescription(`Of the list ${text.fillIn}`);
  expect(field("Email")).toHaveAccessibleDescription(text.email);
  expect(screen.getByText(text.choose)).toBeVisible();
});

it("takes a sentence away once its field is right, whoever filled it in, and then sends", async () => {
  const submitted = await asked();
  await userEvent.type(field("Name"), "A");
  await waitFor(() => expect(screen.queryByText(text.fillIn)).toBeNull());
  expect(field("Name")).toHaveAccessibleDescription("Of the list");
  expect(field("Name")).not.toHaveAttribute("aria-invalid", "true");
  await userEvent.click(screen.getByRole("button", { name: "Second way" }));
  await waitFor(() => expect(screen.queryByText(text.choose)).toBeNull());
  await userEvent.clear(field("Email"));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(submitted).toHaveBeenCalledOnce();
});

function AskingForSome({ onSubmit }: { onSubmit: () => void }) {
  const [chosen, setChosen] = useState<string[]>([]);
  return (
    <Form onSubmit={onSubmit}>
      <MultiSelect label="Some" required data={["one"]} value={chosen} onChange={setChosen} />
      <Button onClick={() => setChosen(["one"])}>Choose one</Button>
      <Button type="submit">Save</Button>
    </Form>
  );
}

it("asks for a choice where several can be made, of which browsers know nothing", async () => {
  const submitted = vi.fn();
  renderInApp(<AskingForSome onSubmit={submitted} />);
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(screen.getByText(text.choose)).toBeInTheDocument();
  expect(submitted).not.toHaveBeenCalled();
  await userEvent.click(screen.getByRole("button", { name: "Choose one" }));
  await waitFor(() => expect(screen.queryByText(text.choose)).not.toBeInTheDocument());
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(submitted).toHaveBeenCalledOnce();
});
