// The catalogue is whole, and the screens say nothing beside it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { strings } from "./strings";

function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "function") return [];
  return Object.values(value as object).flatMap(texts);
}

function components(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return components(path);
    return path.endsWith(".tsx") && !path.endsWith(".test.tsx") ? [path] : [];
  });
}

it("has no empty text", () => {
  expect(texts(strings).filter((text) => text.trim() === "")).toEqual([]);
});

it("says one and many", () => {
  expect(strings.subjects.people(1)).toBe("1 person");
  expect(strings.subjects.people(1500)).toBe("1,500 people");
  expect(strings.list.shown(50, 503)).toBe("50 of 503");
  expect(strings.list.shown(50, null)).toBe("50 shown");
});

it.each(components("src"))("%s takes its words from the catalogue", (path) => {
  const source = readFileSync(path, "utf8");
  const spoken = [
    ...source.matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)*)\s*<\//g),
    ...source.matchAll(/(?:aria-label|placeholder|title|label|alt)="([^"]+)"/g),
  ].map((match) => match[1]);
  expect(spoken).toEqual([]);
});
