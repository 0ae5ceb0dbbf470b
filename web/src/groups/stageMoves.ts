// Which stages groups may move to, and why not to the others. No React in here.
import { strings } from "../strings";

export type ModelStage = { name: string; entry: boolean; to: string[] };
export type Offer = { stage: string; why?: string };

const text = strings.groups.moving;

/** Every stage of the model for groups that stand at `from` (none: nowhere yet), with what stands against it for all of them. */
export function offersFor(model: ModelStage[], from: (string | null | undefined)[]): Offer[] {
  return model.map((stage) => {
    const refusals = from.map((at) => refusal(model, stage, at));
    const refused = refusals.filter((why) => why !== undefined);
    if (refused.length < from.length) return { stage: stage.name };
    return { stage: stage.name, why: alike(refused) ?? text.none };
  });
}

/** How many of these groups the model lets move to a stage. */
export const mayMove = (model: ModelStage[], from: (string | null | undefined)[], to: string) => {
  const stage = model.find(({ name }) => name === to);
  return stage ? from.filter((at) => refusal(model, stage, at) === undefined).length : 0;
};

function refusal(model: ModelStage[], stage: ModelStage, at: string | null | undefined) {
  if (at === stage.name) return text.already;
  if (!at) return stage.entry ? undefined : text.notEntry;
  const allowed = model.find(({ name }) => name === at)?.to.includes(stage.name);
  return allowed ? undefined : text.notFrom(at);
}

const alike = (reasons: string[]) =>
  reasons.every((reason) => reason === reasons[0]) ? reasons[0] : undefined;
