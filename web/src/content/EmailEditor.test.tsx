import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { commentsQuery } from "../api/comments";
import { emailPreviewQuery } from "../api/content";
import { strings } from "../strings";
import { renderAt, signIn } from "../test-render";
import EmailEditor from "./EmailEditor";

const comment = (id: number, text: string, block: string | null = null) => ({
  id,
  text,
  block,
  answers: null,
  resolved_by: null,
  by: "ada@acme.test",
  at: "2027-01-01T00:00:00Z",
  mentions: [],
});

const template = { kind: "email_template", body: { html: '<p data-comment="c1">Hello</p>' } };

const show = (address: string, ...permissions: string[]) =>
  renderAt(
    address,
    <EmailEditor
      definition="plain"
      body={template}
      onChange={() => {}}
      errors={new Map()}
      saved
      onlyLooks={false}
    />,
    (cache) => {
      signIn(cache, ...permissions);
      const items = [comment(1, "The first"), comment(2, "The second", "c1")];
      cache.setQueryData(commentsQuery("email_templates", "plain").queryKey, {
        items,
        mentionable: [],
      } as never);
    },
  );

const current = () => document.querySelector("[data-current]")?.textContent;

it("follows a notice of a comment to content that is open already", async () => {
  const { router } = await show("/", "templates:write");
  expect(screen.getByRole("radio", { name: "Preview" })).toBeChecked();
  await act(() => router.history.push("/?comment=2"));
  expect(await screen.findByRole("textbox", { name: /HTML/ })).toBeVisible();
  expect(current()).toContain("The second");
  await act(() => router.history.push("/?comment=1"));
  expect(current()).toContain("The first");
});

it("lets go of the comment that was chosen when a notice leads to another", async () => {
  const { router } = await show("/?comment=1", "templates:write");
  expect(current()).toContain("The first");
  await userEvent.click(screen.getByRole("button", { name: strings.comments.toBlock(1) }));
  expect(current()).toContain("The second");
  await act(() => router.history.push("/?comment=2"));
  await act(() => router.history.push("/?comment=1"));
  expect(current()).toContain("The first");
});

describe("whoever only looks at a template or a fragment in MJML", () => {
  const preview = { html: "<p>As it is drawn</p>", conditions: {}, missing: [] };

  it.each([
    ["email_template", "email_templates"],
    ["fragment", "fragments"],
  ] as const)("sees the preview that the server makes of an %s", async (kind, plural) => {
    const body = { kind, body: { mjml: "<mjml></mjml>" } };
    await renderAt(
      "/",
      <EmailEditor
        definition="letter"
        body={body}
        onChange={() => {}}
        errors={new Map()}
        saved
        onlyLooks
      />,
      (cache) => {
        signIn(cache, "definitions:read");
        const { queryKey } = emailPreviewQuery(plural, "letter", body, {});
        cache.setQueryData(queryKey, preview as never);
      },
    );
    const sheet = screen.getByTitle(strings.content.preview.frame("letter"));
    expect(sheet).toHaveAttribute("srcdoc", expect.stringContaining("As it is drawn"));
    expect(sheet.getAttribute("sandbox")).not.toContain("allow-scripts");
    for (const name of [strings.content.preview.spam, strings.content.preview.proof]) {
      expect(screen.queryByRole("button", { name })).toBeNull();
    }
    expect(screen.queryByRole("combobox", { name: strings.content.viewer.person })).toBeNull();
    expect(screen.queryByRole("radio", { name: "Design" })).toBeNull();
    expect(screen.getByRole("radio", { name: "Code" })).toBeEnabled();
  });
});
