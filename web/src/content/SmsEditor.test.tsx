import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { textPreviewQuery } from "../api/content";
import { kindsQuery } from "../api/queries";
import { strings } from "../strings";
import { renderAt, signIn } from "../test-render";
import SmsEditor from "./SmsEditor";

const text = strings.content.sms;
const body = {
  kind: "sms_message",
  connection: "phone",
  type: "marketing",
  body: "It’s you, {{ person.first_name }}",
};
async function show(...permissions: string[]) {
  const onChange = vi.fn();
  const { cache } = await renderAt(
    "/",
    <SmsEditor
      definition="ping"
      body={body}
      onChange={onChange}
      errors={new Map()}
      saved
      onlyLooks={!permissions.includes("definitions:write")}
    />,
    (cache) => {
      signIn(cache, "definitions:read", ...permissions);
      const kind = { kind: "sms_message", plural: "sms_messages", write: "definitions:write" };
      cache.setQueryData(kindsQuery.queryKey, { items: [kind] } as never);
      const preview = { text: "It’s you, ", parts: 1, alphabet: "UCS-2" };
      cache.setQueryData(textPreviewQuery("ping", body, {}).queryKey, preview as never);
    },
  );
  expect(screen.getByText("It’s you,")).toBeVisible();
  const asked = cache.getQueryCache().getAll();
  return { onChange, asked: asked.map(({ queryKey }) => queryKey[0]) };
}

it("shows those who only look the text as it is and on the phone, and offers nothing to change", async () => {
  const { onChange, asked } = await show();
  const written = screen.getByRole("textbox", { name: text.title });
  expect(written).toHaveValue(body.body);
  expect(written).toHaveAttribute("readonly");
  await userEvent.type(written, "more");
  expect(onChange).not.toHaveBeenCalled();
  for (const name of [strings.content.insert, strings.content.preview.proof, /plain signs/]) {
    expect(screen.queryByRole("button", { name })).toBeNull();
  }
  // Who people are is not theirs to see: nobody is offered, and nothing is asked about everybody's longest names.
  expect(screen.queryByRole("combobox", { name: strings.content.viewer.person })).toBeNull();
  expect(asked).not.toContain("longest-text");
});

it("offers all of that to those who write texts and read people", async () => {
  const { onChange, asked } = await show("definitions:write", "customers:read");
  for (const name of [strings.content.insert, strings.content.preview.proof, /plain signs/]) {
    expect(screen.getByRole("button", { name })).toBeEnabled();
  }
  await userEvent.click(screen.getByRole("button", { name: /plain signs/ }));
  expect(onChange.mock.lastCall?.[0].body).toContain("It's you");
  expect(screen.getByRole("combobox", { name: strings.content.viewer.person })).toBeVisible();
  expect(asked).toContain("longest-text");
});
