// Starts the Chromium that is installed on this machine; nothing is downloaded.
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
  });

/** The server under test and who signs in, from the environment. */
export function target() {
  const url = process.env.CARAVAN_URL;
  const email = process.env.CARAVAN_EMAIL;
  const password = process.env.CARAVAN_PASSWORD;
  if (!url || !email || !password) {
    console.error("Set CARAVAN_URL, CARAVAN_EMAIL and CARAVAN_PASSWORD to a running server.");
    process.exit(2);
  }
  return { url: url.replace(/\/$/, ""), email, password };
}

export async function signIn(page, { url, email, password }) {
  await page.goto(`${url}/`);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  // What opens first depends on what is there: walks begin at the list.
  await page.getByRole("navigation", { name: "Main navigation" }).getByText("Journeys").click();
  await page.getByRole("heading", { name: "Journeys", level: 1 }).waitFor();
}
