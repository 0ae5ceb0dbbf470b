import { strings } from "../strings";
import { filled, type Manifest, madeWay, templates } from "./templates";

const FILLING = { connection: "mail", end: "2027-01-01T00:00:00Z" };
const [first] = templates;
const text = (manifests: Manifest[]) => JSON.stringify(manifests);

it("has words for every template", () => {
  expect(templates.map(({ id }) => id).sort()).toEqual(
    Object.keys(strings.welcome.templates).sort(),
  );
});

it.each(templates.map((each) => [each.id, each] as const))("fills %s in", (_, template) => {
  const manifests = filled(template, FILLING, new Map());
  expect(text(manifests)).not.toMatch(/"(CONNECTION|END)"/);
  expect(manifests.find(({ kind }) => kind === "journey")).toMatchObject({ end: FILLING.end });
});

it("makes way for what is there, wherever it is named, as often as needed", () => {
  if (!first) throw new Error("no template");
  const met = [{ kind: "email", key: "first-hello" }];
  const once = madeWay(first, new Map(), met);
  const manifests = filled(first, FILLING, once);
  const journey = manifests.find(({ kind }) => kind === "journey");
  expect(manifests.map(({ key }) => key)).toContain("first-hello-2");
  expect(journey?.audience).toEqual({ account_list: "every-account" });
  expect(text(manifests)).toContain('"email":"first-hello-2"');
  expect(text(manifests)).not.toContain('"first-hello"');
  const twice = madeWay(first, once, [{ kind: "email", key: "first-hello-2" }]);
  expect(filled(first, FILLING, twice).map(({ key }) => key)).toContain("first-hello-3");
});
