// Glyphs by the names the API gives (`icon`) and, without one, by kind and family of the node.
import {
  Bell,
  Boxes,
  Building2,
  CalendarClock,
  Clock,
  Ear,
  Flag,
  Gauge,
  Globe,
  ListMinus,
  ListPlus,
  type LucideIcon,
  Mail,
  Megaphone,
  Merge,
  Pencil,
  Phone,
  Route,
  Share2,
  Split,
  Star,
  Tag,
  Target,
  User,
  UserMinus,
  UserPlus,
  Users,
  Webhook,
  Zap,
} from "lucide-react";
import type { Family } from "../api/types";

const ICONS: Record<string, LucideIcon> = {
  bell: Bell,
  building: Building2,
  calendar: CalendarClock,
  clock: Clock,
  ear: Ear,
  flag: Flag,
  gauge: Gauge,
  globe: Globe,
  "list-minus": ListMinus,
  "list-plus": ListPlus,
  mail: Mail,
  megaphone: Megaphone,
  merge: Merge,
  pencil: Pencil,
  phone: Phone,
  route: Route,
  split: Split,
  star: Star,
  tag: Tag,
  share: Share2,
  target: Target,
  user: User,
  "user-minus": UserMinus,
  "user-plus": UserPlus,
  users: Users,
  webhook: Webhook,
  zap: Zap,
};
const KINDS: Record<string, LucideIcon> = {
  wait: Clock,
  listen: Zap,
  split: Split,
  variant_split: Split,
  merge: Merge,
  external_action: Webhook,
  external_split: Webhook,
  next_best_path: Route,
};
const FAMILIES: Record<Family, LucideIcon> = {
  audience: Building2,
  action: Boxes,
  event: Zap,
  flow: Split,
};

type Drawn = {
  icon?: string | null;
  kind?: string;
  family: Family;
  subject?: "account" | "person";
};

export function iconOf({ icon, kind, family, subject }: Drawn): LucideIcon {
  const own = icon && Object.hasOwn(ICONS, icon) ? ICONS[icon] : undefined;
  if (own) return own;
  if (family === "audience" && subject === "person") return Users;
  return (kind && Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined) ?? FAMILIES[family];
}
