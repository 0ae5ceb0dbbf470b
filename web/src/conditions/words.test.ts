// The same conditions, in the same words, as the server's own tests have them.
import { fieldsIn } from "./useNames";
import { conditionWords, type Names } from "./words";

const NAMES: Names = {
  attribute: (_, key) => (key === "job_title" ? "Job title" : key),
  event: (type) => (type === "page_viewed" ? "Page viewed" : type),
  definition: (kind, key) => (kind === "solution_interest" && key === "crm" ? "CRM" : key),
};

it.each([
  [{ account: "employees", at_least: 1000 }, "Employees is at least 1,000"],
  [{ person: "job_title", starts_with: ["Chief", "VP"] }, "Job title starts with Chief or VP"],
  [{ account: "industry", is_empty: true }, "Industry is empty"],
  [{ account: "employees", between: [10, 20] }, "Employees is between 10 and 20"],
  [{ account: "a_date", in_past: "1mo" }, "A date is in the past 1 month"],
  [{ account: "x", at_least: 1, less_than: 5 }, "X is at least 1 and X is less than 5"],
  [{ all: [] }, "everything"],
  [{ any: [] }, "nothing"],
  [{ not: { in_account_list: "gold" } }, "not (in list gold)"],
  [{ score: "interest", greater_than: 10 }, "Score interest is greater than 10"],
  [{ role_in_account: "Owner" }, "role in the account is Owner"],
  [
    { did: "page_viewed", within: "30d", at_least: 3 },
    "did Page viewed at least 3 times within 30 days",
  ],
  [
    { did_not: "email_opened", where: { email: { is: "welcome" } }, since: "entry" },
    "did not Email opened where Email is welcome since journey entry",
  ],
  [
    { has: "licences", where: { seats: { between: [1, 5] } } },
    "has licences where Seats is between 1 and 5",
  ],
  [
    { has_people: { person: "job_title", starts_with: ["Chief", "VP"] }, at_least: 2 },
    "has at least 2 people where Job title starts with Chief or VP",
  ],
  [
    { has_people: { person: "unsubscribed", is: true }, at_most: 0 },
    "has no person where Unsubscribed is Yes",
  ],
  [
    { member_of_buying_group: { role: "Influencer", solution_interest: "crm" } },
    "is in a buying group for crm whose Role is Influencer",
  ],
  [
    {
      buying_group: {
        solution_interest: "crm",
        completeness: { at_least: 50 },
        roles: [{ role: "Influencer", at_least: 2 }],
      },
    },
    "has a buying group for crm whose Completeness is at least 50 and at least 2 × Influencer",
  ],
])("%j is said", (condition, words) => {
  expect(conditionWords(condition)).toBe(words);
});

it("sets joined parts apart inside others, and nothing else", () => {
  const any = { any: [{ score: "interest", at_least: 5 }, { did: "email_clicked" }] };
  const country = { person: "country", is: ["US", "DE", "FR"] };
  expect(conditionWords({ all: [country, any] })).toBe(
    "Country is US, DE or FR and (Score interest is at least 5 or did Email clicked)",
  );
  expect(conditionWords({ all: [any] })).not.toContain("(");
});

it("calls attributes, events and definitions by their names", () => {
  expect(conditionWords({ person: "job_title", is: "CEO" }, NAMES)).toBe("Job title is CEO");
  expect(conditionWords({ did: "page_viewed" }, NAMES)).toBe("did Page viewed");
  expect(conditionWords({ buying_group: { solution_interest: "crm" } }, NAMES)).toBe(
    "has a buying group for CRM",
  );
});

it("ends a long list in a count", () => {
  const letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
  expect(conditionWords({ account: "x", is: letters })).toBe("X is a, b, c, d, e or 3 more");
});

it("survives whatever it is given", () => {
  expect(conditionWords(null)).toBe("–");
  expect(conditionWords(7)).toBe("7");
  expect(conditionWords({ all: "x" })).toBe("All is x");
});

it("finds the kinds that a condition names, however deep", () => {
  const kinds = fieldsIn({
    any: [{ not: { in_account_list: "a" } }, { has: "b", where: { email: {} } }],
  });
  expect([...kinds]).toEqual(expect.arrayContaining(["account_list", "custom_object", "email"]));
});
