import {
  asksFor,
  broken,
  fieldIn,
  fieldsOf,
  filledIn,
  includesIn,
  nameFor,
  orphansOf,
  purposeOf,
  tagFor,
  takenBy,
  unsayable,
  withoutMarkup,
} from "./fields";

it.each([
  ['{% include "x" %}', { key: "x", given: {} }],
  ["{%- include 'x' -%}", { key: "x", given: {} }],
  [
    `{% include "x" with url="https://a.example/?b=1", head='It "is" {{ my.x }}' %}`,
    { key: "x", given: { url: "https://a.example/?b=1", head: 'It "is" {{ my.x }}' } },
  ],
  ["{% include 'x' with %}", undefined],
  ["{% include 'x' with a='1' b='2' %}", undefined],
  ["{% include 'x' with a='1', %}", undefined],
  ["{% if x %}", undefined],
])("reads %s", (tag, taken) => {
  expect(takenBy(tag)).toEqual(taken);
});

it.each([{}, { a: "1" }, { a: 'It "is"', b: "isn't", c: "{{ account.key }}, so" }])(
  "writes what it reads: %j",
  (given) => {
    const taken = { key: "offer", given: given as Record<string, string> };
    expect(takenBy(tagFor(taken))).toEqual(taken);
  },
);

it("says what a tag cannot hold", () => {
  expect(unsayable(`It's "so"`)).toBe("quotes");
  expect(unsayable("a {% if b %}")).toBe("tag");
  expect(unsayable('"so" {{ person.city }}')).toBeUndefined();
});

it("finds the tags that take fragments in among others", () => {
  const tag = '{% include "b" with c="{{ d }}" %}';
  expect(includesIn(`{{ a }}{% if x %}<p>${tag}</p>{% endif %}`)).toEqual([tag]);
});

const FIELDS = {
  label: { label: "Text", default: "Read on" },
  url: { default: "https://a.example" },
};

it("reads what a manifest declares, and leaves out what is none", () => {
  expect(fieldsOf({ fields: { ...FIELDS, odd: "x" } })).toEqual(FIELDS);
  expect(fieldsOf({})).toEqual({});
});

it("warns of what is said for fields that are gone", () => {
  expect(orphansOf({ label: "x", old: "y" }, FIELDS)).toEqual(["old"]);
});

it.each([
  ['<a href="{{ field.url }}">{{ field.label }}</a>', "url", "link"],
  ['<a href="{{ field.url }}">{{ field.label }}</a>', "label", "text"],
  ["<mj-image alt='{{ field.a }}' src='https://x/{{ field.p }}.png'/>", "p", "picture"],
  ["<mj-image alt='{{ field.a }}' src='https://x/{{ field.p }}.png'/>", "a", "alt"],
  ["", "a", "text"],
])("of %s, %s is a %s", (source, name, use) => {
  expect(purposeOf(source, name)).toBe(use);
});

it("knows a value that is a field and nothing else", () => {
  expect(fieldIn(" {{field.url}} ")).toBe("url");
  expect(fieldIn("https://{{ field.url }}")).toBeUndefined();
  expect(asksFor("https://{{ field.url }}", "url")).toBe(true);
  expect(asksFor("{{ field.url_2 }}", "url")).toBe(false);
});

it("fills in text, not markup, and leaves its tags", () => {
  expect(withoutMarkup(`a < "b" {{ x | default('<') }}`)).toBe(
    `a &lt; &quot;b&quot; {{ x | default('<') }}`,
  );
  const source = '<a href="{{ field.url }}">{{field.label}}</a>{{ field.gone }}';
  expect(filledIn(source, FIELDS, { label: "A & {{ my.b }}", gone: "x" })).toBe(
    '<a href="https://a.example">A &amp; {{ my.b }}</a>',
  );
});

it("finds a name that no other field has", () => {
  expect(nameFor("Text of the button", [])).toBe("text_of_the_button");
  expect(nameFor("URL", ["url", "url_2"])).toBe("url_3");
});

it("breaks a fragment up with its conditions, of which none may mean something else in the host", () => {
  const vip = { audience: "vip" };
  const fragment = {
    body: { mjml: "{% if condition.vip %}{{ field.label }}{% elif condition.big %}x{% endif %}" },
    fields: FIELDS,
    conditions: { vip, big: { audience: "big" } },
  };
  expect(broken(fragment, {}, { vip: { audience: "vip" } })).toEqual({
    source: "{% if condition.vip %}Read on{% elif condition.big %}x{% endif %}",
    conditions: { vip, big: { audience: "big" } },
  });
  expect(broken(fragment, { label: "Go" }, { vip: { audience: "other" }, vip_2: vip })).toEqual({
    source: "{% if condition.vip_3 %}Go{% elif condition.big %}x{% endif %}",
    conditions: { vip: { audience: "other" }, vip_2: vip, vip_3: vip, big: { audience: "big" } },
  });
});
