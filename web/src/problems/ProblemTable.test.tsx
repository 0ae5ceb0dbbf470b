import { screen } from "@testing-library/react";
import { problemsQuery } from "../api/queries";
import type { ProblemRow } from "../api/types";
import { renderAt, signIn } from "../test-render";
import { ProblemTable } from "./ProblemTable";

const problem = (traveller: ProblemRow["traveller"]): ProblemRow => ({
  id: "enr_1",
  journey: "nurture",
  node: "send",
  node_title: "Send email",
  traveller,
  kind: "step",
  remedies: ["retry", "skip"],
  code: "internal_error",
  message: "It broke.",
  since: "2026-12-01T09:00:00Z",
  attempts: 1,
  next_try: null,
});

const shown = (row: ProblemRow, ...permissions: string[]) =>
  renderAt("/", <ProblemTable />, (cache) => {
    signIn(cache, "definitions:read", ...permissions);
    const data = { pages: [{ items: [row], next_cursor: null }], pageParams: [undefined] };
    cache.setQueryData(problemsQuery().queryKey, data);
  });

it("tells whom a problem is about", async () => {
  await shown(problem({ subject: "account", key: "acme", name: "Acme" }), "customers:read");
  expect(await screen.findByText("Acme")).toBeInTheDocument();
  expect(screen.getByRole("columnheader", { name: "Traveller" })).toBeInTheDocument();
});

it("has no place for a name where nobody may be told of", async () => {
  await shown(problem(null));
  expect(await screen.findByText("It broke.")).toBeInTheDocument();
  expect(screen.queryByRole("columnheader", { name: "Traveller" })).not.toBeInTheDocument();
  expect(screen.getByLabelText("Search by words")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Retry: It broke." })).toBeInTheDocument();
});
