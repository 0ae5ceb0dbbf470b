// What the editors of emails and texts ask of the server.
import { queryOptions } from "@tanstack/react-query";
import type { Frozen } from "../content/plurals";
import { body, client } from "./client";
import { loadDefinition, putDefinition } from "./queries";

/** As whom a message is looked at. */
export type Viewer = {
  person?: string | undefined;
  journey?: string | undefined;
  /** Answers that are forced on conditions. */
  conditions?: Record<string, boolean>;
};

const asked = ({ person, journey, conditions }: Viewer, draft: Record<string, unknown>) => ({
  draft,
  person: person ?? null,
  account: null,
  journey: journey ?? null,
  node: null,
  conditions: conditions ?? {},
  at: null,
  named: false,
});

/** What is looked at as an email, as it stands in addresses. */
export type MailPlural = "emails" | "email_templates" | "fragments";

const previewAt = (plural: MailPlural) => `/api/v1/${plural}/{key}/preview` as const;

/** An email, or what emails are made of, as a person would get it, from what is written now. */
export const emailPreviewQuery = (
  plural: MailPlural,
  key: string,
  draft: Record<string, unknown>,
  viewer: Viewer,
) =>
  queryOptions({
    queryKey: ["email-preview", plural, key, draft, viewer],
    queryFn: () =>
      body(
        client.POST(previewAt(plural), {
          params: { path: { key } },
          body: asked(viewer, draft),
        }),
      ),
    retry: false,
    gcTime: 30_000,
  });

/** What a draft of an email looks like in a design: for nobody, with the names of values that it would lack. */
export const drawnMailQuery = (draft: Record<string, unknown>, journey: string | undefined) =>
  queryOptions({
    queryKey: ["drawn-mail", draft, journey],
    queryFn: () =>
      body(
        client.POST(previewAt("emails"), {
          params: { path: { key: "drawn" } },
          body: { ...asked({ journey }, draft), named: true },
        }),
      ),
    retry: false,
    // A fragment that was published a moment ago is drawn as it is now.
    staleTime: 5_000,
  });

/** What a spam filter makes of an email as somebody would get it. */
export const spamReportQuery = (key: string, draft: Record<string, unknown>, viewer: Viewer) =>
  queryOptions({
    queryKey: ["spam-report", key, draft, viewer],
    queryFn: () =>
      body(
        client.POST("/api/v1/emails/{key}/spam_report", {
          params: { path: { key } },
          body: asked(viewer, draft),
        }),
      ),
    retry: false,
    gcTime: 0,
  });

export const textPreviewQuery = (key: string, draft: Record<string, unknown>, viewer: Viewer) =>
  queryOptions({
    queryKey: ["text-preview", key, draft, viewer],
    queryFn: () =>
      body(
        client.POST("/api/v1/sms_messages/{key}/preview", {
          params: { path: { key } },
          body: asked(viewer, draft),
        }),
      ),
    retry: false,
    gcTime: 30_000,
  });

/** How long a text gets with the longest values that people have. */
export const longestTextQuery = (key: string, draft: Record<string, unknown>, journey?: string) =>
  queryOptions({
    queryKey: ["longest-text", key, draft, journey],
    queryFn: () =>
      body(
        client.POST("/api/v1/sms_messages/{key}/longest", {
          params: { path: { key } },
          body: asked({ journey }, draft),
        }),
      ),
    retry: false,
    gcTime: 30_000,
  });

/** What stands against a manifest of content; nothing is saved. */
export const contentFindingsQuery = (manifest: Record<string, unknown>) =>
  queryOptions({
    queryKey: ["content-findings", manifest],
    queryFn: () => body(client.POST("/api/v1/content/findings", { body: manifest as never })),
    retry: false,
    gcTime: 30_000,
  });

/** To each of these addresses, as one person would get it. */
/** Who looks a message over, and as whom. */
type Reader = { to: string; person: string | undefined };

export const sendProof = (key: string, to: Reader[], viewer: Viewer) =>
  body(proofOfEmail(key, to, viewer));

const proofOfEmail = (key: string, to: Reader[], { journey }: Viewer) =>
  client.POST("/api/v1/emails/{key}/proof", {
    params: { path: { key } },
    body: {
      to: to.map(({ to: email, person }) => ({ email, person: person ?? null, account: null })),
      journey: journey ?? null,
    },
  });

export const sendTextProof = (key: string, to: Reader[], { journey }: Viewer) =>
  body(
    client.POST(
      "/api/v1/sms_messages/{key}/proof" as never,
      {
        params: { path: { key } },
        body: {
          to: to.map(({ to: phone, person }) => ({ phone, person: person ?? null })),
          ...(journey ? { journey } : {}),
        },
      } as never,
    ) as ReturnType<typeof proofOfEmail>,
  );

/** How often the links of an email were followed, at each node that sends it. */
export const linkFiguresQuery = (message: string) =>
  queryOptions({
    queryKey: ["link-figures", message],
    queryFn: () => body(client.GET("/api/v1/messages/links", { params: { query: { message } } })),
  });

/** The manifest of an email that begins as a template is. */
export const emailFromTemplate = (template: string, key: string, connection: string) =>
  body(
    client.POST("/api/v1/email_templates/{key}/email", {
      params: { path: { key: template } },
      body: { key, connection },
    }),
  );

const frozenAt = (plural: Frozen) => `/api/v1/${plural}/{key}/propagate` as const;

/** The live journeys that use content in an older form than what is saved. */
export const olderFormsQuery = (plural: Frozen, key: string) =>
  queryOptions({
    queryKey: ["definitions", plural, "older", key],
    queryFn: () =>
      body(
        client.POST(frozenAt(plural), {
          params: { path: { key }, query: { dry_run: true } },
        }),
      ),
    staleTime: 5_000,
  });

/** Publishes new versions of those journeys, with nothing else changed. */
export const propagate = (plural: Frozen, key: string) =>
  body(client.POST(frozenAt(plural), { params: { path: { key } } }));

/** Makes a template of an HTML page or an archive, under a name of its own. */
export async function importTemplate(key: string, name: string, design: File) {
  const type = /\.zip$/i.test(design.name) ? "application/zip" : "text/html";
  const made = await body(
    client.POST("/api/v1/email_templates/{key}/import", {
      params: { path: { key } },
      body: design as never,
      bodySerializer: (file) => file as never,
      headers: { "Content-Type": type },
    }),
  );
  const { body: manifest, revision } = await loadDefinition("email_templates", key);
  await putDefinition(
    "email_templates",
    key,
    { ...manifest, name },
    { revision, incomplete: true },
  );
  return made;
}
