import { waitFor } from "@testing-library/react";
import { ApiError } from "../api/problem";
import { type Drawer, drawInto, mailAround, textAround, whyNot } from "./drawn";

const TAG = '{% include "offer" with words="Go" %}';
const mjmlOf = (mail: Record<string, unknown>) => (mail.body as { mjml: string }).mjml;

describe("the mail that is drawn", () => {
  it("holds the piece where the design holds it, laid out with the design's head", () => {
    const mjml = (holder: string) =>
      mjmlOf(mailAround({ source: TAG, holder }, "<mj-head></mj-head>", {}));
    expect(mjml("mj-body")).toBe(`<mjml><mj-head></mj-head><mj-body>${TAG}</mj-body></mjml>`);
    expect(mjml("mj-column")).toContain(
      `<mj-section padding="0"><mj-column>${TAG}</mj-column></mj-section>`,
    );
  });

  it("depends on what the design depends on, and on nothing else of it", () => {
    const host = {
      kind: "email",
      subject: "Hello",
      conditions: { big: {} },
      solution_interest: "crm",
      lock: { template: "x" },
    };
    const mail = mailAround({ source: TAG, holder: "mj-body" }, "", host);
    expect(mail).toMatchObject({ conditions: { big: {} }, solution_interest: "crm", subject: "-" });
    expect(mail).not.toHaveProperty("lock");
  });

  it("has the open fields of a fragment that is designed as the fragment says them", () => {
    const source = '{% include "offer" with words="{{ field.call }}" %}';
    const host = { kind: "fragment", fields: { call: { default: 'Say "now"' } } };
    expect(mjmlOf(mailAround({ source, holder: "mj-body" }, "", host))).toContain(
      'with words="Say &quot;now&quot;" %}',
    );
  });

  it("looks as the text does in which a fragment stands, without the room around it", () => {
    const attributes = {
      color: "#123456",
      padding: "30px",
      "padding-top": "9px",
      "data-lock": "x",
    };
    expect(textAround(TAG, attributes)).toBe(
      `<mj-text color="#123456" padding="0">${TAG}</mj-text>`,
    );
  });
});

it("says why a fragment is not drawn as the alerts say it", () => {
  const findings = [{ code: "unknown_reference", message: "There is no fragment `offer`." }];
  expect(whyNot(new ApiError(422, "invalid", "It is refused.", findings))).toBe(
    "There is no fragment offer.",
  );
  expect(whyNot(new ApiError(0, "unreachable", "Nobody answers."))).toBe("Nobody answers.");
});

describe("what is drawn into the canvas", () => {
  const draw = (html: Drawer["html"]) => {
    const place = document.createElement("section");
    document.body.replaceChildren(place);
    drawInto(place, TAG, { source: TAG, holder: "mj-column" }, (name) => `Fragment ${name}`, {
      html,
      name: async () => "Our offer",
      host: () => ({}),
      head: "",
    });
    return place;
  };

  it("waits quietly, has the name of the fragment and leads to it", async () => {
    const place = draw(() => new Promise(() => {}));
    expect(place).toHaveTextContent("Fragment offer");
    expect(place).toHaveTextContent("Drawing …");
    await waitFor(() => expect(place).toHaveTextContent("Fragment Our offer"));
    expect(place.querySelector("a")).toHaveAttribute("href", "/definitions/fragments/offer");
  });

  it("lets nothing that is drawn run a script or be reached by a key", async () => {
    const place = draw(async () => "<p>Go</p><script>alert(1)</script>");
    await waitFor(() => expect(place.querySelector("iframe")).not.toBeNull());
    const frame = place.querySelector("iframe");
    expect(frame?.getAttribute("sandbox")).toBe("allow-same-origin");
    expect(frame?.srcdoc).toContain("<p>Go</p>");
    expect(frame?.tabIndex).toBe(-1);
    expect(frame?.style.pointerEvents).toBe("none");
    expect(place).not.toHaveTextContent("Drawing …");
  });

  it("says in place of the fragment what stands against it", async () => {
    const place = draw(async () => {
      throw new ApiError(422, "invalid", "x", [
        { code: "fragment_unpublished", message: "The fragment `offer` has not been published." },
      ]);
    });
    await waitFor(() =>
      expect(place).toHaveTextContent("The fragment offer has not been published."),
    );
    expect(place.querySelector("iframe")).toBeNull();
  });
});
