// The buttons that change a journey's state; each says what will happen and asks first.
import { Button, Menu, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { ChevronDown, Pencil } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useMay } from "../admin/useMay";
import { findingsQuery } from "../api/queries";
import type { JourneyState } from "../api/types";
import { at, LinkTo } from "../shell/LinkTo";
import { strings } from "../strings";
import classes from "./journeys.module.css";
import { actionsIn, type LifeCycleAction, mayDelete, mayMoveEnd } from "./states";

const text = strings.journey;

// What asks first is loaded when it asks.
const Confirm = lazy(() => import("./Confirm").then(({ Confirm }) => ({ default: Confirm })));
const DeleteDialog = lazy(() =>
  import("./DeleteDialog").then(({ DeleteDialog }) => ({ default: DeleteDialog })),
);
const DuplicateDialog = lazy(() =>
  import("./DuplicateDialog").then(({ DuplicateDialog }) => ({ default: DuplicateDialog })),
);
const EndDialog = lazy(() =>
  import("./EndDialog").then(({ EndDialog }) => ({ default: EndDialog })),
);
const PublishDialog = lazy(() =>
  import("./PublishDialog").then(({ PublishDialog }) => ({ default: PublishDialog })),
);
const TokensDialog = lazy(() =>
  import("./TokensDialog").then(({ TokensDialog }) => ({ default: TokensDialog })),
);
const ReentryDialog = lazy(() =>
  import("./ReentryDialog").then(({ ReentryDialog }) => ({ default: ReentryDialog })),
);

type Props = {
  journey: string;
  subject: "account" | "person";
  state: JourneyState;
  paused: boolean;
  published: boolean;
};
type Other = "duplicate" | "delete" | "reentry" | "tokens" | "end";

/** What can be done in this state: the main thing as a button, the rest behind *More*. */
export function LifeCycle({ journey, subject, state, paused, published }: Props) {
  const [publishing, setPublishing] = useState(false);
  const { edit } = useSearch({ strict: false }) as { edit?: boolean };
  const editing = state === "draft" || edit === true;
  const { runs, writes } = useRights();
  return (
    <>
      <LifeCycleMenu journey={journey} subject={subject} state={state} paused={paused}>
        <Button variant="default" rightSection={<ChevronDown size={15} aria-hidden />}>
          {text.actions.more}
        </Button>
      </LifeCycleMenu>
      {writes && published && state === "live" && !edit ? (
        <Button
          component={LinkTo}
          to={`${at("/journeys", journey)}?edit=true`}
          variant="default"
          leftSection={<Pencil size={15} aria-hidden />}
        >
          {text.actions.edit}
        </Button>
      ) : null}
      {runs && editing && (state === "draft" || state === "live") ? (
        <PublishButton journey={journey} onClick={() => setPublishing(true)} />
      ) : null}
      {publishing ? (
        <Suspense fallback={null}>
          <PublishDialog
            journey={journey}
            version={published}
            onClose={() => setPublishing(false)}
          />
        </Suspense>
      ) : null}
    </>
  );
}

/** Whether one may start, halt and end journeys, and whether one may write them. */
function useRights() {
  const may = useMay();
  return {
    runs: may?.("journeys:run") === true,
    writes: may?.("definitions:write") === true,
  };
}

/** Everything but publishing that can be done with a journey in its state, behind a button. */
export function LifeCycleMenu(props: Omit<Props, "published"> & { children: ReactNode }) {
  const { journey, subject, state, paused, children } = props;
  const [asked, setAsked] = useState<LifeCycleAction | null>(null);
  const [other, setOther] = useState<Other | null>(null);
  const { edit } = useSearch({ strict: false }) as { edit?: boolean };
  const { runs, writes } = useRights();
  const editing = state === "draft" || edit === true;
  // What was published is told to everybody.
  const looks = writes || !editing;
  const close = () => setOther(null);
  const halts = runs && actionsIn(state, paused).length > 0;
  if (!looks && !halts) return null;
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>{children}</Menu.Target>
        <Menu.Dropdown>
          {(runs ? actionsIn(state, paused) : []).map((action) => (
            <Menu.Item
              key={action}
              {...(action === "abort" ? { color: "red" } : {})}
              onClick={() => setAsked(action)}
            >
              {text.actions[action]}
            </Menu.Item>
          ))}
          {looks && subject === "account" ? (
            <Menu.Item onClick={() => setOther("reentry")}>{text.actions.reentry}</Menu.Item>
          ) : null}
          {looks ? (
            <Menu.Item onClick={() => setOther("tokens")}>{text.actions.tokens}</Menu.Item>
          ) : null}
          {runs && mayMoveEnd(state) ? (
            <Menu.Item onClick={() => setOther("end")}>{text.actions.moveEnd}</Menu.Item>
          ) : null}
          {writes ? (
            <Menu.Item onClick={() => setOther("duplicate")}>{text.actions.duplicate}</Menu.Item>
          ) : null}
          {writes && mayDelete(state) ? (
            <Menu.Item color="red" onClick={() => setOther("delete")}>
              {text.actions.delete}
            </Menu.Item>
          ) : null}
        </Menu.Dropdown>
      </Menu>
      <Suspense fallback={null}>
        {asked ? <Confirm journey={journey} action={asked} onClose={() => setAsked(null)} /> : null}
        {other === "reentry" ? (
          <ReentryDialog journey={journey} editing={editing} onClose={close} />
        ) : null}
        {other === "tokens" ? (
          <TokensDialog journey={journey} editing={editing} onClose={close} />
        ) : null}
        {other === "end" ? <EndDialog journey={journey} onClose={close} /> : null}
        {other === "duplicate" ? <DuplicateDialog journey={journey} onClose={close} /> : null}
        {other === "delete" ? <DeleteDialog journey={journey} onClose={close} /> : null}
      </Suspense>
    </>
  );
}

/** Disabled while errors stand, with the reason beside it. */
function PublishButton({ journey, onClick }: { journey: string; onClick: () => void }) {
  const { data } = useQuery(findingsQuery(journey));
  const errors = (data?.items ?? []).filter((finding) => finding.severity === "error").length;
  return (
    <>
      {errors > 0 ? (
        <Text size="xs" className={classes.publishReason} id="publish-reason">
          {text.publishReason(errors)}
        </Text>
      ) : null}
      <Button
        disabled={!data || errors > 0}
        aria-describedby={errors > 0 ? "publish-reason" : undefined}
        onClick={onClick}
      >
        {text.actions.publish}
      </Button>
    </>
  );
}
