import { forget, forgetAll, MOST_RECENT, recentOf, remember } from "./recent";

const page = (n: number | string) => ({
  kind: "account",
  title: `Account ${n}`,
  to: `/accounts/${n}`,
});
const titles = (user: string) => recentOf(user).map(({ title }) => title);

beforeEach(() => localStorage.clear());

it("puts what was opened last first, each page once and under its latest name", () => {
  for (const n of [1, 2, 1]) remember("ada", page(n));
  expect(titles("ada")).toEqual(["Account 1", "Account 2"]);
  remember("ada", { ...page(2), title: "Renamed" });
  expect(titles("ada")).toEqual(["Renamed", "Account 1"]);
});

it("keeps so many and no more", () => {
  for (let n = 0; n < MOST_RECENT + 5; n += 1) remember("ada", page(n));
  expect(titles("ada")).toHaveLength(MOST_RECENT);
  expect(titles("ada")[0]).toBe(`Account ${MOST_RECENT + 4}`);
});

it("shows nobody what another opened in the same browser, and forgets on signing out", () => {
  remember("ada", page(1));
  expect(titles("bob")).toEqual([]);
  remember("bob", page(2));
  forgetAll("ada");
  expect([titles("ada"), titles("bob")]).toEqual([[], ["Account 2"]]);
});

it("forgets a page that is gone", () => {
  for (const n of [1, 2]) remember("ada", page(n));
  forget("ada", "/accounts/2");
  expect(titles("ada")).toEqual(["Account 1"]);
  remember("ada", { kind: "person", title: "Ada", to: "/people/ada%40acme.example" });
  forget("ada", "/people/ada@acme.example");
  forget("ada", "/accounts/10");
  forget("ada", "/accounts/1/travellers/trp_9");
  expect(titles("ada")).toEqual(["Account 1"]);
});

it("passes over what it did not write itself, and addresses that lead elsewhere", () => {
  localStorage.setItem("caravan-recent:ada", "no list");
  expect(recentOf("ada")).toEqual([]);
  const foreign = [
    null,
    { title: "No address" },
    { ...page(1), to: "https://elsewhere.example" },
    { ...page(1), to: "//elsewhere.example" },
    page(3),
  ];
  localStorage.setItem("caravan-recent:ada", JSON.stringify(foreign));
  expect(titles("ada")).toEqual(["Account 3"]);
});
