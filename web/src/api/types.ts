// The API's bodies under the names the screens use. Taken by path and method, so that the
// generated schema may name its components as it likes.
import type { paths } from "./schema";

type Content<R> = R extends { content: { "application/json": infer B } } ? B : never;
type Answer<P extends keyof paths> = paths[P] extends { get: { responses: infer R } }
  ? R extends { 200: infer Ok }
    ? Content<Ok>
    : never
  : never;
type Item<P extends keyof paths> = Answer<P> extends { items: (infer I)[] } ? I : never;

export type Session = Answer<"/api/v1/session">;
export type Organisation = Answer<"/api/v1/organisation">;
export type JourneyRow = Item<"/api/v1/journeys">;
export type JourneyMap = Answer<"/api/v1/journeys/{key}/map">;
export type MapNode = JourneyMap["nodes"][number];
export type MapEdge = JourneyMap["edges"][number];
export type Fact = MapNode["facts"][number];
export type BoxPath = NonNullable<MapNode["box"]>[number];
export type Family = MapNode["family"];
export type JourneyStatus = Answer<"/api/v1/journeys/{key}/status">;
export type NodeStatus = JourneyStatus["nodes"][string];
export type Outcomes = NonNullable<NodeStatus["outcomes"]>;
export type JourneyState = JourneyStatus["state"];
export type NodeTraveller = Item<"/api/v1/journeys/{key}/nodes/{node}/travellers">;
export type JourneyTraveller = Item<"/api/v1/journeys/{key}/travellers">;
export type Trip = Answer<"/api/v1/journeys/{key}/travellers/{id}/timeline">;
export type TripItem = Trip["items"][number];
export type PersonOutcome = NonNullable<TripItem["outcomes"]>[number];
export type AccountRow = Item<"/api/v1/accounts">;
export type Account = Answer<"/api/v1/accounts/{key}">;
export type BuyingGroup = Item<"/api/v1/accounts/{key}/buying_groups">;
export type PersonRow = Item<"/api/v1/people">;
export type Person = Answer<"/api/v1/people/{key}">;
export type ConsentRecord = Answer<"/api/v1/people/{key}/consent_records">["items"][number];
export type Held = Answer<"/api/v1/people/{key}/external_audiences">["items"][number];
export type Activity = Item<"/api/v1/people/{key}/timeline">;
export type MailRow = Item<"/api/v1/mail">;
export type Mail = Answer<"/api/v1/mail/{id}">;
export type ProblemRow = Item<"/api/v1/problems">;

export type Catalogue = Answer<"/api/v1/catalogue">;
export type ActionEntry = Catalogue["actions"][number];
export type EventEntry = Catalogue["events"][number];
export type AttributeEntry = Catalogue["attributes"]["account"][number];
export type Kind = Item<"/api/v1/kinds">;
export type DefinitionRow = Item<"/api/v1/account_lists">;
export type DraftFinding = Item<"/api/v1/journeys/{key}/findings">;

export type Simulation =
  paths["/api/v1/journeys/{key}/simulate"]["post"]["responses"][200]["content"]["application/json"];

/** A page of any list. */
export type Page<T> = { items: T[]; next_cursor?: string | null; total?: number | null };
export type GroupRow = Item<"/api/v1/buying_groups">;
export type GroupDetail = Answer<"/api/v1/buying_groups/{id}">;
export type GroupMember = Item<"/api/v1/buying_groups/{id}/members">;
export type GroupRole = GroupDetail["roles"][number];
export type ExportRow = Item<"/api/v1/exports">;
export type Notification = Item<"/api/v1/notifications">;
export type Comment = Item<"/api/v1/fragments/{key}/comments">;
export type TextAnswer = Item<"/api/v1/text_answers">;
export type Suppression = Item<"/api/v1/suppressions">;
export type Field = Answer<"/api/v1/fields">["account"]["fields"][number];
export type ImportReport =
  paths["/api/v1/import/{kind}"]["post"]["responses"][200]["content"]["application/json"];
export type Review = Answer<"/api/v1/journeys/{key}/review">;
export type Role = Session["user"]["role"];
export type RoleShown = Answer<"/api/v1/user_roles">["items"][number];
export type UserRow = Item<"/api/v1/users">;
export type TokenRow = Item<"/api/v1/tokens">;
export type AuditEntry = Item<"/api/v1/audit">;
export type BackgroundJob = Answer<"/api/v1/jobs">["items"][number];
export type GroupJob = Item<"/api/v1/group_jobs">;
export type StoredTable = Answer<"/api/v1/storage">["tables"][number];
export type EmailPreview =
  paths["/api/v1/emails/{key}/preview"]["post"]["responses"][200]["content"]["application/json"];
export type MessageFigures = Answer<"/api/v1/messages/figures">["items"][number];
export type JourneyFigures = Answer<"/api/v1/journeys/{key}/figures">;
export type GroupFigures = Answer<"/api/v1/buying_groups/figures">;
export type ScoredDay = Item<"/api/v1/buying_groups/days">;
export type SpamReport =
  paths["/api/v1/emails/{key}/spam_report"]["post"]["responses"][200]["content"]["application/json"];
export type DomainCheck =
  paths["/api/v1/delivery/domains/{key}/check"]["post"]["responses"][200]["content"]["application/json"];
export type LoadedMachineList = Answer<"/api/v1/machines/lists">["items"][number];
export type MachineListName = LoadedMachineList["list"];
export type DmarcFigures = Answer<"/api/v1/delivery/domains/{key}/dmarc">;
export type DmarcSource = DmarcFigures["sources"][number];
export type DomainKey = Item<"/api/v1/delivery/domains/{key}/keys">;
export type RecordCheck = DomainCheck["records"][number];
export type JourneyVersion = Answer<"/api/v1/journeys/{key}/versions">["items"][number];
export type AudienceState = Item<"/api/v1/destinations/{key}/audiences">;
export type AudienceStanding = Answer<"/api/v1/external_audiences/{key}/standing">;
export type DestinationStanding = AudienceStanding["destinations"][number];
export type ListMember = Item<"/api/v1/account_lists/{key}/members">;
export type ConditionPreview =
  paths["/api/v1/conditions/preview"]["post"]["responses"][200]["content"]["application/json"];
export type WebhookMessage = Item<"/api/v1/webhooks/{key}/messages">;
export type SystemState = Answer<"/api/v1/connections/{key}/state">;
export type ConnectionType = Item<"/api/v1/connection_types">;
export type SecretState = SystemState["secrets"][number];
export type ServiceField =
  Answer<"/api/v1/external_actions/{key}/registration">["parameters"][number];
export type Choice = Answer<"/api/v1/connections/{key}/choices/{what}">["data"][number];
export type Merged =
  paths["/api/v1/accounts/{key}/merge"]["post"]["responses"][200]["content"]["application/json"];
export type ObjectRecord = Item<"/api/v1/accounts/{key}/records/{object}">;
export type ExplainedScores = Answer<"/api/v1/buying_groups/{id}/explain">;
export type PastScores = Item<"/api/v1/buying_groups/{id}/scores">;
export type Propagated =
  paths["/api/v1/emails/{key}/propagate"]["post"]["responses"][200]["content"]["application/json"]["items"][number];
export type ImportedTemplate =
  paths["/api/v1/email_templates/{key}/import"]["post"]["responses"][200]["content"]["application/json"];
export type MachineUse = Answer<"/api/v1/people/{key}/machines">["items"][number];
export type ImportRun = Item<"/api/v1/connections/{key}/imports">;
