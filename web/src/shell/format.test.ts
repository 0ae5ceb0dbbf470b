import { attributeFacts } from "./attributes";
import {
  durationWords,
  formatRelative,
  formatShare,
  formatValue,
  humanise,
  initials,
} from "./format";

const NOW = Date.parse("2026-12-01T12:00:00Z");

describe("times", () => {
  it.each([
    ["2026-12-01T11:59:40Z", "just now"],
    ["2026-12-01T12:00:03Z", "just now"],
    ["2026-12-01T12:00:40Z", "in a moment"],
    ["2026-12-01T11:58:00Z", "2 minutes ago"],
    ["2026-12-01T09:00:00Z", "3 hours ago"],
    ["2026-12-04T12:00:00Z", "in 3 days"],
    [null, "–"],
    ["not a time", "–"],
  ])("says %s as %s", (iso, words) => {
    expect(formatRelative(iso, NOW)).toBe(words);
  });
});

describe("durations", () => {
  it.each([
    ["3d", "3 days"],
    ["1mo", "1 month"],
    ["30m", "30 minutes"],
    ["2 fortnights", "2 fortnights"],
  ])("says %s as %s", (duration, words) => {
    expect(durationWords(duration)).toBe(words);
  });
});

describe("values", () => {
  it("reads names, lists, flags and gaps", () => {
    expect(humanise("job_title")).toBe("Job title");
    expect(humanise("ca_certificate")).toBe("CA certificate");
    expect(humanise("definitions:read")).toBe("Definitions: read");
    expect(humanise("sns_topic")).toBe("SNS topic");
    expect(humanise("oauth_client_id")).toBe("OAuth client ID");
    expect(humanise("sha256_google_email")).toBe("SHA-256 google email");
    expect(humanise("linkedin")).toBe("LinkedIn");
    expect(humanise("S3 bucket")).toBe("S3 bucket");
    expect(formatValue(["a", 1200, true, null])).toBe("a, 1,200, Yes, –");
    expect(formatValue({ open_rate: 4 })).toBe("Open rate: 4");
  });

  it("has no share of nothing", () => {
    expect(formatShare(0, 0)).toBe("–");
    expect(formatShare(1, 8)).toBe("12.5%");
  });

  it("makes initials of names and addresses", () => {
    expect(initials("Ada Lovelace")).toBe("AL");
    expect(initials("ada")).toBe("A");
    expect(initials("")).toBe("");
  });

  it("lists a record's own attributes and leaves out what is empty or shown elsewhere", () => {
    const record = {
      key: "MMM",
      industry: "Industrials",
      country: null,
      founded: "1902-06-13",
      lists: [],
      tags: {},
    };
    expect(attributeFacts(record, ["key"])).toEqual([
      { label: "Industry", value: "Industrials" },
      { label: "Founded", value: "Jun 13, 1902" },
    ]);
  });
});
