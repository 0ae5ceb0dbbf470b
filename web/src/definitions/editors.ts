// Kinds whose content deserves more than a form, and what stands beside the form of a kind. Loaded on demand.
import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { Fields } from "../editor/manifest";
import type { Errors } from "../forms/SchemaForm";

export type EditorProps = {
  /** Its key. */
  definition: string;
  body: Fields;
  onChange: (body: Fields) => void;
  errors: Errors;
  /** Whether the server has what is shown. */
  saved: boolean;
};
export type PanelProps = Pick<EditorProps, "definition" | "body" | "saved">;

type Lazy<P> = LazyExoticComponent<ComponentType<P>>;

/** `fields` are those that the editor itself looks after. */
const EDITORS: Record<string, { component: Lazy<EditorProps>; fields: string[] }> = {
  email: { component: lazy(() => import("../content/EmailEditor")), fields: ["body"] },
  email_template: { component: lazy(() => import("../content/EmailEditor")), fields: ["body"] },
  fragment: { component: lazy(() => import("../content/EmailEditor")), fields: ["body"] },
  sms_message: { component: lazy(() => import("../content/SmsEditor")), fields: ["body"] },
  stage_model: {
    component: lazy(() => import("../stages/StageEditor")),
    fields: ["stages"],
  },
};

const MEMBERS = lazy(() => import("./MembersPanel"));
const PANELS: Record<string, Lazy<PanelProps>[]> = {
  account_list: [MEMBERS],
  people_list: [MEMBERS],
  audience: [MEMBERS],
  sending_domain: [lazy(() => import("../admin/DnsPanel"))],
  connection: [lazy(() => import("../admin/RunsPanel"))],
};

export const editorOf = (kind: string) => EDITORS[kind];
export const panelsOf = (kind: string) => PANELS[kind] ?? [];
