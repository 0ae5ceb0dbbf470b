// Which kinds of definitions stand on which page of the app, and how each is drawn.
import {
  Activity,
  AudioWaveform,
  Blocks,
  Boxes,
  Cable,
  Crosshair,
  FileText,
  Filter,
  Gauge,
  Globe,
  KeyRound,
  LayoutTemplate,
  List,
  ListChecks,
  type LucideIcon,
  Mail,
  MessageSquare,
  Puzzle,
  RefreshCw,
  Send,
  Share2,
  ShieldCheck,
  SlidersHorizontal,
  Star,
  Tags,
  Target,
  UserCog,
  Waypoints,
  Webhook,
} from "lucide-react";

/** A page of the app whose tabs each list one kind. */
export type Section = { to: string; kinds: readonly string[] };

export const SECTIONS = {
  groups: {
    to: "/groups",
    kinds: ["solution_interest", "roles_template", "stage_model", "role"],
  },
  lists: { to: "/lists", kinds: ["account_list", "people_list", "audience", "external_audience"] },
  content: { to: "/content", kinds: ["email", "sms_message", "email_template", "fragment"] },
} as const satisfies Record<string, Section>;

/** Every kind that no page above lists is looked after under administration. */
const ADMINISTRATION: Section = { to: "/admin", kinds: [] };

export function sectionOf(kind: string): Section {
  const sections: Section[] = Object.values(SECTIONS);
  return sections.find((section) => section.kinds.includes(kind)) ?? ADMINISTRATION;
}

const ICONS: Record<string, LucideIcon> = {
  account_list: ListChecks,
  people_list: List,
  audience: Filter,
  external_audience: Share2,
  solution_interest: Target,
  roles_template: LayoutTemplate,
  stage_model: Waypoints,
  role: UserCog,
  email: Mail,
  sms_message: MessageSquare,
  email_template: FileText,
  fragment: Puzzle,
  connection: Cable,
  sending_domain: Globe,
  attribute: Tags,
  activity_type: Activity,
  custom_object: Boxes,
  rule_set: ShieldCheck,
  score: Gauge,
  weighting_model: AudioWaveform,
  persona: Star,
  access_role: KeyRound,
  webhook: Webhook,
  external_action: Send,
  destination: Crosshair,
  data_flow: RefreshCw,
  settings: SlidersHorizontal,
};

export const iconOf = (kind: string): LucideIcon => ICONS[kind] ?? Blocks;

/** The words of a kind for a tab: the part of the address that stands for it. */
export const tabOf = (kind: string) => kind.replaceAll("_", "-");

/** Where the list of a kind stands. */
export function listAddress(kind: string): string {
  const { to } = sectionOf(kind);
  return `${to}?tab=${tabOf(kind)}`;
}
