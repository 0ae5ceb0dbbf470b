import { screen } from "@testing-library/react";
import { accountQuery, personQuery } from "../api/queries";
import { renderInApp } from "../test-render";
import { CustomerPicker } from "./CustomerPicker";

const picker = () => screen.getByRole("combobox", { name: "Who" });

it("shows by name what was chosen before the picker was", () => {
  renderInApp(
    <CustomerPicker subject="person" value="ada" onChange={() => {}} aria-label="Who" />,
    (cache) => {
      const ada = { key: "ada", first_name: "Ada", last_name: "Byron", email: "ada@acme.test" };
      cache.setQueryData(personQuery("ada").queryKey, ada as never);
    },
  );
  expect(picker()).toHaveValue("Ada Byron · ada@acme.test");
});

it("shows an account whose name is not known by its key", () => {
  renderInApp(
    <CustomerPicker subject="account" value="acme" onChange={() => {}} aria-label="Who" />,
  );
  expect(picker()).toHaveValue("acme");
});

it("shows nothing where nothing was chosen, whatever is in the cache", () => {
  renderInApp(
    <CustomerPicker subject="account" value={undefined} onChange={() => {}} aria-label="Who" />,
    (cache) => cache.setQueryData(accountQuery("").queryKey, { name: "Acme" } as never),
  );
  expect(picker()).toHaveValue("");
});
