import { MantineProvider } from "@mantine/core";
import { render } from "@testing-library/react";
import { formatInstant } from "./format";
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

it("tells instants in the zone of whoever reads, but not in code", () => {
  const at = "2027-02-03T09:45:00Z";
  expect(shown(`It goes on at ${at}, written \`${at}\`.`)?.textContent).toBe(
    `It goes on at ${formatInstant(at)}, written ${at}.`,
  );
  expect(shown("A day like 2027-02-03 stays.")?.textContent).toBe("A day like 2027-02-03 stays.");
});

it("leaves a sentence with an odd backtick as it is", () => {
  expect(shown("It's a ` here")?.textContent).toBe("It's a ` here");
});

it("sets what stands between asterisks as emphasis, beside code", () => {
  const line = shown("Set `client_secret`; *Connect* asks (*Test connection* tries `*`).");
  expect(line?.textContent).toBe("Set client_secret; Connect asks (Test connection tries *).");
  const set = (tag: string) =>
    [...(line?.querySelectorAll(tag) ?? [])].map((each) => each.textContent);
  expect(set("em")).toEqual(["Connect", "Test connection"]);
  expect(set("code")).toEqual(["client_secret", "*"]);
});

it.each(["2 * 3 * 4", "a*b*c", "an odd *one", "*", "** no **"])("leaves %s alone", (text) => {
  const line = shown(text);
  expect(line?.textContent).toBe(text);
  expect(line?.querySelector("em")).toBeNull();
});
