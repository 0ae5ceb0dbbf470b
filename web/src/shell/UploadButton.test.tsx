import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { renderInApp } from "../test-render";
import { UploadButton } from "./UploadButton";

it("takes the same file again, as it is after a mistake in it was mended", async () => {
  const onFile = vi.fn();
  renderInApp(
    <UploadButton words="Load a file" label="A list" accept=".txt" busy={false} onFile={onFile} />,
  );
  const file = new File(["203.0.113.0/33"], "gateways.txt", { type: "text/plain" });
  for (let n = 0; n < 2; n += 1) {
    await userEvent.upload(screen.getByLabelText("A list"), file);
  }
  expect(onFile.mock.calls).toEqual([[file], [file]]);
});
