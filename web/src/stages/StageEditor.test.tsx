import { fireEvent, screen } from "@testing-library/react";
import { strings } from "../strings";
import { renderAt, signIn } from "../test-render";
import StageEditor from "./StageEditor";

const text = strings.groups.stages;
const body = {
  kind: "stage_model",
  stages: [
    { name: "Engaged", entry: true, description: "They answer.", to: ["Won"] },
    { name: "Won", destination: "success" },
  ],
};

async function show(onlyLooks: boolean) {
  const onChange = vi.fn();
  await renderAt(
    "/",
    <StageEditor
      definition="sales"
      body={body}
      onChange={onChange}
      errors={new Map()}
      saved
      onlyLooks={onlyLooks}
    />,
    (cache) => signIn(cache, "definitions:read"),
  );
  return onChange;
}

it("tells those who only look about each stage, and offers nothing to change", async () => {
  const onChange = await show(true);
  const stage = screen.getByRole("region", { name: text.stage });
  expect(stage).toHaveTextContent("They answer.");
  expect(stage).toHaveTextContent("Won");
  for (const role of ["textbox", "switch", "combobox"]) {
    expect(screen.queryByRole(role)).toBeNull();
  }
  expect(screen.queryByRole("button", { name: text.add })).toBeNull();
  expect(screen.queryByRole("button", { name: text.remove })).toBeNull();
  expect(screen.queryByText(text.hint)).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: /Won/ }));
  expect(stage).toHaveTextContent(text.ends.success);
  fireEvent.keyDown(document.body, { key: "Delete" });
  expect(onChange).not.toHaveBeenCalled();
});

it("lets nobody who only looks draw a move between stages", async () => {
  await show(true);
  expect(document.querySelector(".react-flow__handle.connectable")).toBeNull();
});

it("lets those who write change a stage", async () => {
  const onChange = await show(false);
  const name = screen.getByRole("textbox", { name: text.name });
  fireEvent.change(name, { target: { value: "Engaged!" } });
  expect(onChange.mock.lastCall?.[0].stages[0].name).toBe("Engaged!");
  expect(screen.getByRole("button", { name: text.add })).toBeEnabled();
});
