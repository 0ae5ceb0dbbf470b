// Email templates, and what was made of them.
import { queryOptions } from "@tanstack/react-query";
import { body, client } from "./client";

/** The emails that were made of a template. */
export const madeOfQuery = (template: string) =>
  queryOptions({
    queryKey: ["email_template", template, "emails"],
    queryFn: () =>
      body(
        client.GET("/api/v1/email_templates/{key}/emails", { params: { path: { key: template } } }),
      ),
  });
