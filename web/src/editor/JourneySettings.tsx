// What holds for the whole journey: its name, when it runs, and whether travellers may come back.
import {
  CloseButton,
  Group,
  NumberInput,
  Stack,
  Switch,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import type { DraftFinding } from "../api/types";
import { ConditionField } from "../conditions/ConditionField";
import { errorsOf } from "../forms/errors";
import { InstantInput } from "../forms/inputs";
import map from "../map/map.module.css";
import { humanise } from "../shell/format";
import { strings } from "../strings";
import { useEditor } from "./EditorScene";
import { type Manifest, write } from "./manifest";
import { ReentryFields } from "./ReentryFields";
import { TokensFields } from "./TokensFields";

const text = strings.editor.settings;

type Props = { manifest: Manifest; findings: DraftFinding[]; onClose: () => void };

export function JourneySettings({ manifest, findings, onClose }: Props) {
  const { set } = useEditor();
  const errors = errorsOf(findings);
  const put = (field: string, value: unknown) =>
    set((now) => write(now, `/${field}`, value), `/${field}`);
  return (
    <aside className={map.panel} aria-label={text.title}>
      <Group wrap="nowrap" justify="space-between" className={map.panelHead}>
        <Title order={2}>{text.title}</Title>
        <CloseButton aria-label={strings.editor.panel.close} onClick={onClose} />
      </Group>
      <Stack gap="md" className={map.panelSection}>
        <TextInput
          label={text.name}
          required
          maxLength={100}
          error={errors.get("/name")}
          value={manifest.name ?? humanise(manifest.key)}
          onChange={(event) => put("name", event.currentTarget.value)}
        />
        <Textarea
          label={text.description}
          autosize
          maxLength={300}
          value={typeof manifest.description === "string" ? manifest.description : ""}
          onChange={(event) => put("description", event.currentTarget.value || undefined)}
        />
        <InstantInput
          label={text.start}
          description={text.startHint}
          error={errors.get("/start")}
          value={manifest.start}
          onChange={(start) => put("start", start)}
        />
        <InstantInput
          label={text.end}
          description={text.endHint}
          error={errors.get("/end")}
          value={manifest.end}
          onChange={(end) => put("end", end)}
        />
        {manifest.subject === "account" ? (
          <ReentryFields
            value={manifest.reentry}
            errors={errors}
            onChange={(reentry) => put("reentry", reentry)}
          />
        ) : null}
        <Switch
          label={text.deduplicate}
          description={text.deduplicateHint}
          checked={manifest.deduplicate_email === true}
          onChange={(event) => put("deduplicate_email", event.currentTarget.checked || undefined)}
        />
        <ConditionField
          label={text.goal}
          description={text.goalHint}
          error={errors.get("/goal")}
          subject={manifest.subject}
          inJourney
          value={manifest.goal}
          onChange={(goal) => put("goal", goal)}
        />
        <NumberInput
          label={text.holdOut}
          description={text.holdOutHint}
          error={errors.get("/hold_out")}
          suffix=" %"
          min={1}
          max={50}
          allowDecimal={false}
          value={typeof manifest.hold_out === "number" ? manifest.hold_out : ""}
          onChange={(share) => put("hold_out", Number(share) || undefined)}
        />
        <TokensFields
          value={manifest.tokens}
          errors={errors}
          onChange={(tokens) => put("tokens", tokens)}
        />
      </Stack>
    </aside>
  );
}
