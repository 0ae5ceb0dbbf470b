// A small draft for tests: send → heard (timeout) → size (Big | other) → box of people → done.
import type { Manifest } from "./manifest";

export const aDraft = (): Manifest => ({
  kind: "journey",
  key: "nurture",
  name: "Nurture",
  subject: "account",
  audience: { account_list: "all" },
  entry: "send",
  nodes: {
    send: { type: "action", on: "people", action: "send_email", email: "hello", next: "heard" },
    heard: {
      type: "listen",
      event: { activity: "email_clicked" },
      timeout: { duration: "14d", next: "done" },
      next: "size",
    },
    size: {
      type: "split",
      by: "account",
      paths: [{ label: "Big", when: { account: "employees", at_least: 1000 }, next: "people" }],
      other: { next: "done" },
    },
    people: {
      type: "split",
      by: "person",
      paths: [{ label: "Deciders", actions: [{ id: "d1", action: "send_email", email: "roi" }] }],
      other: { actions: [] },
      next: "done",
    },
    done: { type: "merge", next: null },
  },
});
