import { keepsTags } from "./tags";

it("notices when a template lost one of its tags or their order", () => {
  const mjml = "<mj-text>{{ a }}</mj-text>{% if b %}<mj-text>c</mj-text>{% endif %}";
  expect(keepsTags(mjml, mjml.replace("{{ a }}", "{{a}}"))).toBe(true);
  expect(keepsTags("{{ a | default('x') }}", "{{ a | default(&#039;x&#039;) }}")).toBe(true);
  expect(keepsTags(mjml, "<mj-text>{{ a }}</mj-text><mj-text>c</mj-text>")).toBe(false);
  expect(keepsTags("{{ a }}{{ b }}", "{{ b }}{{ a }}")).toBe(false);
});
