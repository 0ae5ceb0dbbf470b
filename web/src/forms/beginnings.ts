// Kinds whose new definitions begin with a choice, and the fields of the form that it stands for. Loaded on demand.
import { type ComponentType, lazy } from "react";
import type { Fields } from "../editor/manifest";
import type { Errors } from "./SchemaForm";

export type BeginningProps = {
  kind: string;
  /** What was chosen and written so far. */
  body: Fields;
  onChoose: (part: Fields) => void;
  errors: Errors;
};

type Beginning = { component: ComponentType<BeginningProps>; fields: string[] };

const OF_CONTENT: Beginning = {
  component: lazy(() => import("../content/Beginnings")),
  fields: ["body"],
};
const BEGINNINGS: Record<string, Beginning> = {
  email: OF_CONTENT,
  email_template: OF_CONTENT,
  destination: {
    component: lazy(() => import("../destinations/DestinationBeginning")),
    fields: ["type", "connection", "settings"],
  },
  connection: {
    component: lazy(() => import("../systems/ConnectionBeginning")),
    fields: ["type", "settings"],
  },
};

export const beginningOf = (kind: string) => BEGINNINGS[kind];
