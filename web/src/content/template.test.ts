import { templateOf } from "./template";

it("keeps what is in an email, not how it is sent nor what was said of it", () => {
  const email = {
    kind: "email",
    key: "hello",
    name: "Hello",
    connection: "smtp",
    subject: "Hi",
    preheader: "Look",
    links: {},
    body: { mjml: '<mj-text data-comment="c1" data-lock="locked">x</mj-text>' },
    conditions: { vip: { audience: "vip" } },
    lock: { template: "brand", lock: "all", body: { mjml: "" } },
  };
  expect(templateOf(email)).toEqual({
    subject: "Hi",
    body: { mjml: '<mj-text data-lock="locked">x</mj-text>' },
    conditions: { vip: { audience: "vip" } },
    lock: "all",
  });
});

it("says nothing of what the email does not have", () => {
  expect(templateOf({ body: { html: "<p>x</p>" } })).toEqual({ body: { html: "<p>x</p>" } });
});
