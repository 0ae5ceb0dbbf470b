import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { catalogueQuery, definitionNamesQuery } from "../api/queries";
import { aMap, aNode } from "../map/sample.test-support";
import { strings } from "../strings";
import { renderInApp } from "../test-render";
import { WayPanel } from "./WayPanel";
import { NOTHING, scriptOf, type Way } from "./way";

const FROM = "2027-02-01T09:00:00Z";
const words = strings.simulate.way;

const map = {
  ...aMap(),
  nodes: [
    aNode("heard", {
      title: "Email clicked",
      settings: { events: [{ activity: "email_clicked" }, { activity: "page_visited" }] },
    }),
    aNode("route", {
      title: "Which tier",
      settings: { service: "tier", paths: [{ label: "Gold" }, { label: "Silver" }] },
    }),
  ],
};

function begin() {
  const last = { way: NOTHING };
  const Panel = () => {
    const [way, setWay] = useState<Way>(NOTHING);
    last.way = way;
    return <WayPanel map={map} way={way} onChange={setWay} />;
  };
  renderInApp(<Panel />, (cache) => {
    cache.setQueryData(catalogueQuery.queryKey, { events: [] } as never);
    cache.setQueryData(definitionNamesQuery("external_actions").queryKey, {
      items: [{ key: "tier", name: "The tiers" }],
    } as never);
  });
  const said = () => scriptOf(last.way, map, FROM);
  const at = (title: string) => within(screen.getByRole("region", { name: title }));
  return { said, at };
}

it("makes everybody, half or nobody act at a listener with one click", async () => {
  const { said, at } = begin();
  const heard = at("Email clicked");
  await userEvent.click(heard.getByRole("radio", { name: words.reacts.everybody }));
  expect(said().reactions).toEqual([{ node: "heard", after: "2h" }]);
  await userEvent.click(heard.getByRole("radio", { name: words.reacts.half }));
  expect(said().reactions).toEqual([{ node: "heard", share: 50, after: "2h" }]);
  await userEvent.click(heard.getByRole("radio", { name: words.reacts.nobody }));
  expect(said().reactions).toEqual([]);
});

it("offers the paths of a split and a failure as answers of its service", async () => {
  const { said, at } = begin();
  const route = at("Which tier");
  expect(route.getByText(words.service("The tiers"))).toBeTruthy();
  await userEvent.click(route.getByRole("radio", { name: words.isAnswered.everybody }));
  expect(said().answers).toEqual([{ service: "tier", node: "route", path: "Gold" }]);
  await userEvent.click(route.getByRole("combobox", { name: words.answer }));
  await userEvent.click(screen.getByRole("option", { name: words.failure }));
  expect(said().answers).toEqual([{ service: "tier", node: "route", failed: "simulated" }]);
});

it("takes an exception before the others, once it is chosen whom it is for", async () => {
  const { said, at } = begin();
  const route = at("Which tier");
  const others = { service: "tier", node: "route", path: "Gold" };
  await userEvent.click(route.getByRole("radio", { name: words.isAnswered.everybody }));
  await userEvent.click(route.getByRole("button", { name: words.addExceptionAt("Which tier") }));
  expect(said().answers).toEqual([others]);
  await userEvent.click(route.getAllByRole("combobox", { name: words.by })[0] as HTMLElement);
  await userEvent.click(screen.getByRole("option", { name: words.share }));
  expect(said().answers).toEqual([{ ...others, share: 25 }, others]);
  await userEvent.click(route.getByRole("button", { name: words.remove(1, "Which tier") }));
  expect(said().answers).toEqual([others]);
});

it("keeps each row what it is when another is put before it or taken out", async () => {
  const { at } = begin();
  const route = at("Which tier");
  await userEvent.click(route.getByRole("radio", { name: words.isAnswered.everybody }));
  const everybody = route.getByRole("combobox", { name: words.by });
  await userEvent.click(route.getByRole("button", { name: words.addExceptionAt("Which tier") }));
  const [exception, rest] = route.getAllByRole("combobox", { name: words.by });
  expect(rest).toBe(everybody);
  expect(exception).not.toBe(everybody);
  await userEvent.click(route.getByRole("button", { name: words.remove(1, "Which tier") }));
  expect(route.getByRole("combobox", { name: words.by })).toBe(everybody);
});
