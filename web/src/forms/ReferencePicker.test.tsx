import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { definitionNamesQuery, kindsQuery } from "../api/queries";
import { strings } from "../strings";
import { renderInApp } from "../test-render";
import { FromJourney, LiveOnly, ReferencePicker } from "./ReferencePicker";
import type { Only } from "./schema";

const list = (key: string, type: string, state: string) => ({
  key,
  name: key,
  kind: "account_list",
  type,
  state,
  revision: 1,
  updated_at: "2026-11-26T18:00:00Z",
  updated_by: "ada@acme.example",
});
const LISTS = [
  list("by-hand", "static", "live"),
  list("by-filter", "dynamic", "live"),
  list("sketch", "static", "draft"),
];
const KIND = {
  kind: "account_list",
  plural: "account_lists",
  label: "Account list",
  life_cycle: "publish",
  key_pattern: "-",
  by_name: false,
  built_in: [],
  works: true,
  schema: {},
};

function offered(only: Only, live: boolean, value?: string, journey?: string) {
  renderInApp(
    <LiveOnly value={live}>
      <FromJourney value={journey}>
        <ReferencePicker
          kind="account_list"
          only={only}
          label="List"
          create={false}
          value={value}
          onChange={() => {}}
        />
      </FromJourney>
    </LiveOnly>,
    (cache) => {
      cache.setQueryData(kindsQuery.queryKey, { items: [KIND] } as never);
      cache.setQueryData(definitionNamesQuery("account_lists").queryKey, { items: LISTS } as never);
    },
  );
  return screen.getAllByRole("combobox", { name: "List" })[0] as HTMLElement;
}
const labels = () => screen.getAllByRole("option").map((option) => option.textContent);

it("offers what can be named alone: in a journey no drafts, where hands fill no list with a filter", async () => {
  await userEvent.click(offered({ types: ["static"] }, true));
  expect(labels()).toEqual(["by-hand"]);
});

it("offers drafts elsewhere, and says so", async () => {
  await userEvent.click(offered({}, false));
  expect(labels()).toEqual(["by-hand", "by-filter", strings.forms.draft("sketch")]);
});

it("keeps what was chosen before, and says that it cannot be used", () => {
  expect(offered({ types: ["static"] }, true, "by-filter")).toHaveValue(
    strings.forms.unfit("by-filter"),
  );
});

it("leads from a node of a journey to what it names, and remembers the journey", () => {
  offered({}, true, "by-hand", "nurture");
  expect(screen.getByRole("link", { name: "Open by-hand" })).toHaveAttribute(
    "href",
    "/definitions/account_lists/by-hand?journey=nurture",
  );
});

it("leads nowhere outside a journey, or while nothing that exists is chosen", () => {
  offered({}, false, "by-hand");
  offered({}, true, "gone", "nurture");
  expect(screen.queryByRole("link")).toBeNull();
});
