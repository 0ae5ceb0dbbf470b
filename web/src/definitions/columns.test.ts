import type { Kind } from "../api/types";
import { definitionColumns } from "./columns";

const shown = (kind: string, life_cycle: string) =>
  definitionColumns({ kind, plural: `${kind}s`, life_cycle } as Kind);

it("tells who made and published what, and when, where a kind is published", () => {
  const columns = shown("email", "publish");
  const ids = columns.map(({ id }) => id);
  for (const id of ["description", "createdBy", "created", "published", "publishedBy"])
    expect(ids).toContain(id);
  const by = columns.find(({ id }) => id === "publishedBy");
  expect(by).toMatchObject({ optional: true, order: "published_by" });
  expect(by?.value?.({ published_by: "eva@acme.example" } as never)).toBe("eva@acme.example");
});

it("has no columns of publishing where a kind has no draft", () => {
  const ids = shown("connection", "plain").map(({ id }) => id);
  expect(ids).not.toContain("published");
  expect(ids).toContain("createdBy");
});
