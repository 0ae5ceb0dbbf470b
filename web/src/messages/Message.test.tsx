import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { mailQuery } from "../api/queries";
import type { Mail } from "../api/types";
import { renderInApp } from "../test-render";
import { Message } from "./Message";

const mail: Mail = {
  id: "m1",
  received_at: "2026-12-01T09:00:00Z",
  from: "news@acme.example",
  to: ["ada@example.com"],
  subject: "Hello Ada",
  headers: [["List-Unsubscribe", "<https://acme.example/u>"]],
  html: "<script>parent.stolen = true</script><p>Hello</p>",
  text: "Hello in text",
  source: "From: news@acme.example",
};

function shown(change: Partial<Mail> = {}) {
  renderInApp(<Message id="m1" />, (cache) =>
    cache.setQueryData(mailQuery("m1").queryKey, { ...mail, ...change }),
  );
}

it("shows foreign HTML where no script, form or access to this page is allowed", () => {
  shown();
  const frame = screen.getByTitle("Message: Hello Ada");
  const allowed = frame.getAttribute("sandbox")?.split(" ");
  expect(frame).toHaveAttribute("sandbox");
  expect(allowed).not.toContain("allow-scripts");
  expect(allowed).not.toContain("allow-same-origin");
  expect(allowed).not.toContain("allow-forms");
});

it("shows text, headers and source", async () => {
  shown();
  await userEvent.click(screen.getByRole("radio", { name: "Text" }));
  expect(screen.getByText("Hello in text")).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "Headers" }));
  expect(screen.getByText("List-Unsubscribe")).toBeVisible();
  await userEvent.click(screen.getByRole("radio", { name: "Source" }));
  expect(screen.getByText("From: news@acme.example")).toBeVisible();
});

it("falls back to the text of a message without HTML", () => {
  shown({ html: null });
  expect(screen.getByText("Hello in text")).toBeVisible();
});
