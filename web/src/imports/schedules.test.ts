import { isWhole, mapText, readMap, scheduleOf, takesFiles, withSchedule } from "./schedules";

const SCHEDULE = {
  every: "15m",
  files: [{ name: "accounts-*.csv", kind: "accounts", map: { Id: "key" } }],
};
const MANIFEST = { kind: "connection", settings: { path: "/srv/crm", imports: SCHEDULE } };

it("finds the schedule of a connection, and puts another in its place or none", () => {
  expect(scheduleOf(MANIFEST)).toEqual(SCHEDULE);
  expect(scheduleOf({ settings: { path: "/srv" } })).toBeUndefined();
  expect(withSchedule(MANIFEST, undefined)).toEqual({
    kind: "connection",
    settings: { path: "/srv/crm" },
  });
  expect(scheduleOf(withSchedule({ kind: "connection" }, SCHEDULE))).toEqual(SCHEDULE);
});

it("knows the types of connections at which files may arrive by their settings", () => {
  expect(takesFiles({ properties: { path: {}, imports: {} } })).toBe(true);
  expect(takesFiles({ properties: { host: {} } })).toBe(false);
});

it("takes a mapping as it is written, names of columns with = in them too", () => {
  const text = "Id = key\nA = B = name\nhalf =\n";
  expect(readMap(text)).toEqual({ Id: "key", "A = B": "name" });
  expect(mapText(readMap(text))).toBe("Id = key\nA = B = name");
  expect(readMap("")).toBeUndefined();
});

it("is whole once every row says which files and what they hold", () => {
  expect(isWhole(SCHEDULE)).toBe(true);
  expect(isWhole({ every: "1h", files: [] })).toBe(false);
  expect(isWhole({ every: "1h", files: [{ name: " ", kind: "people" }] })).toBe(false);
});
