import { asXml, framed, keptCode, marked, plainTags, saidBy } from "./mjml";

const HEAD = "<mj-head><mj-attributes><mj-all font-size='14px' /></mj-attributes></mj-head>";
const whole = (inside: string, head = "") => `<mjml>${head}<mj-body>${inside}</mj-body></mjml>`;
const SECTION = "<mj-section><mj-column><mj-text>Hi {{ a }}</mj-text></mj-column></mj-section>";

it("keeps the head out of the drawing and puts it back", () => {
  const { drawn, head, kept } = framed(whole(SECTION, HEAD));
  expect(drawn).toBe(whole(SECTION));
  expect(head).toBe(HEAD);
  expect(kept(drawn).replaceAll(/\n\s*/g, "")).toBe(whole(SECTION, HEAD));
});

it("keeps a head without content, and asks for none", () => {
  expect(framed(whole(SECTION, "<mj-head />")).drawn).toBe(whole(SECTION));
  expect(framed(whole(SECTION)).kept(whole(SECTION))).toBe(whole(SECTION));
});

it("makes tags between blocks visible, and leaves those in texts alone", () => {
  const mjml = whole(`{% if a < 3 %}${SECTION}{% else %}{% include "b" %}{% endif %}`);
  const { drawn, kept } = framed(mjml);
  expect(drawn).toContain("<cv-tag>{% if a &lt; 3 %}</cv-tag><mj-section>");
  expect(drawn).toContain("<mj-text>Hi {{ a }}</mj-text>");
  expect(kept(drawn)).toBe(mjml);
});

it("is not led astray by a sign in an attribute, nor by a comment", () => {
  const mjml = whole(`<mj-section css-class="a>b"><!-- {% x %} --><mj-column /></mj-section>`);
  const { drawn, kept } = framed(mjml);
  expect(drawn).toBe(mjml);
  expect(kept(drawn)).toBe(mjml);
});

it.each([
  ["<mj-section><mj-column><mj-text>Foot</mj-text></mj-column></mj-section>", "mj-body"],
  ["<mj-text>Foot</mj-text><mj-divider />", "mj-column"],
])("frames the piece %s while it is drawn", (piece, holder) => {
  const { drawn, kept } = framed(piece);
  expect(drawn).toContain(`<${holder}>${piece}</${holder}>`);
  expect(kept(drawn)).toBe(piece);
  expect(kept(drawn.replace("Foot", "Foot 2"))).toBe(piece.replace("Foot", "Foot 2"));
});

it("marks the tags of a piece as those of the holder that it goes into", () => {
  expect(marked("{% if a %}<mj-text>{{ b }}</mj-text>{% endif %}", "mj-column")).toBe(
    "<cv-tag>{% if a %}</cv-tag><mj-text>{{ b }}</mj-text><cv-tag>{% endif %}</cv-tag>",
  );
  expect(keptCode("<cv-tag>{% if a &lt; &quot;b&quot; %}</cv-tag>")).toBe('{% if a < "b" %}');
});

it("writes templates with plain signs", () => {
  expect(plainTags("a &amp; {{ x | default(&#039;y &amp; z&#039;) }}")).toBe(
    "a &amp; {{ x | default('y & z') }}",
  );
});

it.each([
  ["{% if condition.big %}", { what: "if", name: "big" }],
  ["{%- elif person.country == 'DE' -%}", { what: "elif", name: "person.country == 'DE'" }],
  ["{% else %}", { what: "else" }],
  ["{% endif %}", { what: "end" }],
  ['{% include "legal" %}', { what: "fragment", name: "legal" }],
  [
    '{% include "legal" with url="https://a.example", x=\'y\' %}',
    { what: "fragment", name: "legal" },
  ],
  ["{% for x in y %}", undefined],
])("says what %s does", (tag, said) => {
  expect(saidBy(tag)).toEqual(said);
});

test("what is written into a text can be read as XML, and says the same", () => {
  expect(asXml('Mine:&nbsp;<b>x</b><br>a &amp; b &lt; c &copy;<img src="a>b.png" alt="">')).toBe(
    'Mine:\u00a0<b>x</b><br/>a &amp; b &lt; c ©<img src="a>b.png" alt=""/>',
  );
  const mjml = '<mj-image src="x"/><mj-text>one<br/>two &nosuchname;</mj-text>';
  expect(asXml(mjml)).toBe('<mj-image src="x"/><mj-text>one<br/>two &amp;nosuchname;</mj-text>');
});
