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
  /** It may only be looked at. */
  onlyLooks: boolean;
};
export type PanelProps = Pick<EditorProps, "definition" | "body" | "saved">;

type Lazy<P> = LazyExoticComponent<ComponentType<P>>;

type Editor = {
  component: Lazy<EditorProps>;
  /** Those that the editor itself looks after. */
  fields: string[];
  /** It is a form among others, and takes no more room than they. */
  narrow?: true;
  /** It shows by itself what may only be looked at; others are shut as a whole. */
  looks?: true;
};

const EDITORS: Record<string, Editor> = {
  email: {
    component: lazy(() => import("../content/EmailEditor")),
    fields: ["body", "lock"],
    looks: true,
  },
  email_template: {
    component: lazy(() => import("../content/EmailEditor")),
    fields: ["body"],
    looks: true,
  },
  fragment: {
    component: lazy(() => import("../content/EmailEditor")),
    fields: ["body"],
    looks: true,
  },
  sms_message: {
    component: lazy(() => import("../content/SmsEditor")),
    fields: ["body"],
    looks: true,
  },
  connection: {
    component: lazy(() => import("../systems/ConnectionForm")),
    fields: ["type", "settings", "secrets"],
    narrow: true,
  },
  destination: {
    component: lazy(() => import("../destinations/DestinationForm")),
    fields: ["type", "connection", "settings"],
    narrow: true,
  },
  stage_model: {
    component: lazy(() => import("../stages/StageEditor")),
    fields: ["stages"],
    looks: true,
  },
};

const OF_LIVE: Record<string, Editor> = {
  roles_template: { component: lazy(() => import("../groups/LiveRoles")), fields: ["roles"] },
};

const MEMBERS = lazy(() => import("./MembersPanel"));
const SYSTEM = lazy(() => import("../systems/SystemPanel"));
const PANELS: Record<string, Lazy<PanelProps>[]> = {
  account_list: [MEMBERS],
  people_list: [MEMBERS],
  audience: [MEMBERS],
  sending_domain: [lazy(() => import("../admin/DomainPanel"))],
  connection: [SYSTEM, lazy(() => import("../imports/RunsPanel"))],
  external_action: [lazy(() => import("../systems/ServicePanel")), SYSTEM],
  webhook: [SYSTEM],
  destination: [lazy(() => import("../destinations/DestinationPanel"))],
  data_flow: [lazy(() => import("../destinations/FlowPanel"))],
  external_audience: [lazy(() => import("../destinations/StandingPanel"))],
  email_template: [lazy(() => import("../content/MadeOf"))],
};

/** What needs the whole width of the page, below the form and what stands beside it. */
const BELOW: Record<string, Lazy<PanelProps>> = {
  external_audience: MEMBERS,
  destination: lazy(() => import("../destinations/AudiencesPanel")),
  webhook: lazy(() => import("../systems/MessageLog")),
};

/** What a saved definition of a kind has to tell before anything else; most of the time nothing. */
const OLDER_FORMS = lazy(() => import("../content/OlderForms"));
const NOTICES: Record<string, Lazy<PanelProps>> = {
  email: OLDER_FORMS,
  sms_message: OLDER_FORMS,
  fragment: OLDER_FORMS,
};

/** Fields that a panel beside the form looks after. */
const BESIDE: Record<string, string[]> = { external_action: ["secrets"], webhook: ["secrets"] };

export const besideOf = (kind: string) => BESIDE[kind] ?? [];
/** The editor of a kind; what is published may have one of its own. */
export const editorOf = (kind: string, body: Fields): Editor | undefined =>
  (body.state === "live" ? OF_LIVE[kind] : undefined) ?? EDITORS[kind];
export const noticeOf = (kind: string) => NOTICES[kind];
export const panelsOf = (kind: string) => PANELS[kind] ?? [];
export const belowOf = (kind: string) => BELOW[kind];
