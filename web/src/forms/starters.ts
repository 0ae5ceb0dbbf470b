// What new definitions begin with, so that they can be kept before anything is written into them.
import type { Fields } from "../editor/manifest";
import { strings } from "../strings";

const words = strings.starters;

const MJML = `<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text font-size="16px" line-height="24px">${words.hello}</mj-text>
        <mj-text font-size="16px" line-height="24px">${words.text}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
`;

const STARTERS: Record<string, Fields> = {
  email: { subject: words.subject, body: { mjml: MJML } },
  email_template: { body: { mjml: MJML } },
  account_list: { type: "static" },
  people_list: { type: "static" },
  external_audience: { destinations: [] },
  // Its filter stays as it is once it is live: it is looked at first.
  data_flow: { state: "draft" },
  rule_set: {
    state: "draft",
    caps: [{ name: words.cap, channels: ["email"], at_most: 3, per: "week" }],
  },
  roles_template: { roles: [{ role: "Decision Maker", weighting: "vital", required: true }] },
  weighting_model: {
    bands: words.bands.map((name, n) => ({ name, value: 20 * (n + 1) })),
    activities: {
      form_filled: words.bands[3],
      interesting_moment: words.bands[2],
      link_clicked: words.bands[1],
      page_viewed: words.bands[1],
      email_clicked: words.bands[1],
      email_opened: words.bands[0],
    },
  },
  stage_model: {
    stages: [
      { name: words.stages.first, entry: true, to: [words.stages.won] },
      { name: words.stages.won, destination: "success" },
    ],
  },
};

export const starterOf = (kind: string): Fields => structuredClone(STARTERS[kind] ?? {});
