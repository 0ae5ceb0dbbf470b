import { screen } from "@testing-library/react";
import { definitionNamesQuery, definitionQuery, kindsQuery } from "../api/queries";
import { strings } from "../strings";
import { renderAt, signIn } from "../test-render";
import { DefinitionPage } from "./DefinitionPage";

const WRITES: Record<string, string> = { emails: "emails:write" };
const text = strings.definitions;

const show = (plural: string, body: Record<string, unknown>, permission: string, search = "") =>
  renderAt(
    `/definitions/${plural}/one${search}`,
    <DefinitionPage />,
    (cache) => {
      signIn(cache, permission);
      const kind = {
        kind: body.kind,
        plural,
        label: "Thing",
        life_cycle: "publish",
        write: WRITES[plural] ?? "definitions:write",
        schema: {
          properties: {
            name: { type: "string" },
            tags: { type: "array", items: { type: "string" } },
          },
        },
      };
      cache.setQueryData(kindsQuery.queryKey, { items: [kind] } as never);
      cache.setQueryData(definitionQuery(plural, "one").queryKey, {
        body,
        revision: "1",
      } as never);
    },
    "/definitions/$plural/$key",
  );

const template = { kind: "roles_template", name: "Buyers", state: "live", roles: [] };

it("lets whoever may write change and duplicate", async () => {
  await show("roles_templates", template, "definitions:write");
  expect(await screen.findByRole("textbox", { name: "Name" })).toBeEnabled();
  expect(screen.getByRole("button", { name: text.copy.button })).toBeVisible();
});

it("shuts every field of what may only be looked at, and does not offer to duplicate it", async () => {
  await show("roles_templates", template, "definitions:read");
  expect(await screen.findByRole("textbox", { name: "Name" })).toBeDisabled();
  expect(screen.queryByRole("button", { name: text.copy.button })).toBeNull();
});

it("shows an email that may only be looked at as preview and as code that stays as it is", async () => {
  const body = { kind: "email", name: "Hello", state: "live", body: { mjml: "<mjml></mjml>" } };
  await show("emails", body, "definitions:read", "?comment=1");
  expect(await screen.findByRole("radio", { name: "Preview" })).toBeEnabled();
  expect(screen.queryByRole("radio", { name: "Design" })).toBeNull();
  expect(screen.getByRole("textbox", { name: "MJML" })).toHaveAttribute("readonly");
});

it("asks for the names of journeys only to lead back to one", async () => {
  const asked = async (search: string) => {
    const { cache, unmount } = await show("roles_templates", template, "definitions:write", search);
    await screen.findByRole("textbox", { name: "Name" });
    const { status, fetchStatus } =
      cache.getQueryState(definitionNamesQuery("journeys").queryKey) ?? {};
    unmount();
    return status !== "pending" || fetchStatus !== "idle";
  };
  expect(await asked("")).toBe(false);
  expect(await asked("?journey=nurture")).toBe(true);
});
