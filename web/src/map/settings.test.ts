import { conditionWords, settingsOf } from "./settings";

describe("settings in words", () => {
  it("leaves out what the map already draws", () => {
    expect(
      settingsOf({ type: "action", action: "send_email", next: "pause", email: "welcome" }),
    ).toEqual([{ label: "Email", value: "welcome" }]);
  });

  it("heads each path by its label and says its condition", () => {
    const [paths] = settingsOf({
      paths: [
        {
          label: "Enterprise",
          when: { all: [{ account: "employees", at_least: 1000 }] },
          next: "alert",
        },
      ],
    });
    expect(paths).toEqual({
      label: "Paths",
      value: [{ label: "Enterprise", value: "account employees at least 1,000" }],
    });
  });

  it("nests what belongs together", () => {
    expect(settingsOf({ must_end_on: { days: ["mon", "tue"], time: "09:00" } })).toEqual([
      {
        label: "Must end on",
        value: [
          { label: "Days", value: "mon, tue" },
          { label: "Time", value: "09:00" },
        ],
      },
    ]);
  });

  it("drops settings with nothing left to say", () => {
    expect(settingsOf({ other: { next: "done" } })).toEqual([]);
  });
});

describe("conditions in words", () => {
  it("joins all and any and sets nested groups apart", () => {
    const words = conditionWords({
      all: [
        { person: "country", is: ["US", "DE"] },
        { any: [{ score: "interest", at_least: 5 }, { did: "email_clicked" }] },
      ],
    });
    expect(words).toBe(
      "person country is US, DE and (score interest at least 5 or did email_clicked)",
    );
  });

  it("says not", () => {
    expect(conditionWords({ not: { in_account_list: "enterprise" } })).toBe(
      "not (in account list enterprise)",
    );
  });

  it("survives whatever it is given", () => {
    expect(conditionWords(null)).toBe("–");
    expect(conditionWords(7)).toBe("7");
  });
});
