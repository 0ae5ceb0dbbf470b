// Who meets a condition now.
import { queryOptions } from "@tanstack/react-query";
import type { Subject } from "../editor/manifest";
import { body, client } from "./client";

/** `entering`: as for somebody who enters the journey now, in which the condition stands. */
export const previewQuery = (subject: Subject, when: unknown, whyNot: string, entering: boolean) =>
  queryOptions({
    queryKey: ["condition", subject, when, whyNot, entering],
    queryFn: () =>
      body(
        client.POST("/api/v1/conditions/preview", {
          body: { subject, when, entering, sample: 8, why_not: whyNot || null },
        }),
      ),
    staleTime: 10_000,
    gcTime: 30_000,
    retry: false,
  });
