// An email of a walk's own, and whoever opens it and clicks.
import assert from "node:assert/strict";

/** Who opens the mail is no headless browser: those count as machines. */
const READER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/** An email with a link, sent the way that the demo's are. */
export async function writeMail({ api, write }, key, name) {
  const { connection } = await api("/emails/welcome-growing");
  const link = '<a href="https://walk.example/offer">our offer</a>';
  const out = '<a href="{{ system.unsubscribe_url }}">Unsubscribe</a>';
  const mjml = `<mjml><mj-body><mj-section><mj-column><mj-text>See ${link}. ${out}</mj-text></mj-column></mj-section></mj-body></mjml>`;
  await write("PUT", `/emails/${key}`, { name, connection, subject: name, body: { mjml } });
}

/** Waits for the mail to `to`, and follows its first tracked link as its reader would. */
export async function clickIn({ server, context, api, eventually }, subject, to) {
  const mail = await eventually(`mail to ${to}`, async () => {
    const { items } = await api(`/mail?q=${encodeURIComponent(subject)}`);
    const found = items.find((each) => each.to.join().includes(to));
    assert.ok(found);
    return api(`/mail/${found.id}`);
  });
  const [, link] = /href="([^"]*\/t\/c\/[^"]+)"/.exec(mail.html);
  const path = new URL(link.replaceAll("&amp;", "&"), server.url).pathname;
  const visit = await context.request.get(server.url + path, {
    maxRedirects: 0,
    headers: { "User-Agent": READER },
  });
  assert.equal(Math.floor(visit.status() / 100), 3, "the link leads on");
}
