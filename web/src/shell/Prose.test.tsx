import { MantineProvider } from "@mantine/core";
import { render } from "@testing-library/react";
import { prose } from "./Prose";

const shown = (text: string) =>
  render(<MantineProvider>{<p>{prose(text)}</p>}</MantineProvider>).container.querySelector("p");

it("sets what stands between backticks as code", () => {
  const line = shown("Like `3d`, or `2w`.");
  expect(line?.textContent).toBe("Like 3d, or 2w.");
  expect([...(line?.querySelectorAll("code") ?? [])].map((each) => each.textContent)).toEqual([
    "3d",
    "2w",
  ]);
});

it("leaves a sentence with an odd backtick as it is", () => {
  expect(shown("It's a ` here")?.textContent).toBe("It's a ` here");
});
