import { settingsOf } from "./settings";

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
      value: [{ label: "Enterprise", value: "Employees is at least 1,000" }],
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

  it("calls what is named by its name", () => {
    const names = {
      attribute: (_: unknown, key: string) => key,
      event: (type: string) => ({ email_clicked: "Email clicked" })[type] ?? type,
      definition: (kind: string, key: string) => `${kind} ${key}`,
    };
    expect(
      settingsOf({ email: "welcome", list: "hot", event: { activity: "email_clicked" } }, names),
    ).toEqual([
      { label: "Email", value: "email welcome" },
      { label: "List", value: "account_list hot" },
      { label: "Event", value: [{ label: "Activity", value: "Email clicked" }] },
    ]);
  });

  it("drops settings with nothing left to say", () => {
    expect(settingsOf({ other: { next: "done" } })).toEqual([]);
  });
});
