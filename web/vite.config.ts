import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the server; the built app is served by the server itself. */
const server = process.env.CARAVAN_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/api": server } },
  build: { target: "es2023", sourcemap: false, chunkSizeWarningLimit: 700 },
  test: {
    environment: "jsdom",
    // A machine that does other things as well takes its time; whatever hangs still ends.
    testTimeout: 30_000,
    globals: true,
    setupFiles: ["src/test-setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    css: { modules: { classNameStrategy: "non-scoped" } },
  },
});
