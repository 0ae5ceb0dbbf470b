// The bell: exports and imports of whoever is signed in that are over, comments that mention them, and, for
// administrators, whether the way out of messages is answered.
import {
  ActionIcon,
  Anchor,
  Indicator,
  Popover,
  Stack,
  Switch,
  Text,
  VisuallyHidden,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Bell } from "lucide-react";
import { useState } from "react";
import {
  exportFile,
  notificationsQuery,
  ownNoticesQuery,
  seeNotifications,
  setOwnNotices,
} from "../api/exports";
import type { Notification } from "../api/types";
import { humanise } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { Moment } from "../shell/Moment";
import { prose } from "../shell/Prose";
import { tellFailure } from "../shell/tellFailure";
import { strings } from "../strings";
import classes from "./exports.module.css";

const text = strings.exports;

type Mention = Extract<Notification["about"], { mention: unknown }>["mention"];

export function Notifications() {
  const cache = useQueryClient();
  const [opened, setOpened] = useState(false);
  const told = useQuery(notificationsQuery).data;
  const see = useMutation({
    mutationFn: seeNotifications,
    onSuccess: () => cache.invalidateQueries({ queryKey: notificationsQuery.queryKey }),
  });
  const items = told?.items ?? [];
  const unseen = items.filter(({ seen }) => !seen);
  const change = (open: boolean) => {
    setOpened(open);
    // What was new stays marked while it is looked at.
    if (!open && unseen.length > 0) see.mutate(unseen.map(({ id }) => id));
  };
  const newest = unseen[0];
  return (
    <>
      {/* Said once it changes, when the reader has a moment. */}
      <VisuallyHidden role="status">{newest ? sentenceOf(newest) : ""}</VisuallyHidden>
      <Popover
        opened={opened}
        onChange={change}
        position="bottom-end"
        shadow="md"
        width={340}
        trapFocus
        withinPortal
      >
        <Indicator
          label={unseen.length}
          disabled={unseen.length === 0}
          size={16}
          color="red"
          offset={4}
        >
          <Popover.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={text.bell(unseen.length)}
              onClick={() => change(!opened)}
            >
              <Bell size={18} aria-hidden />
            </ActionIcon>
          </Popover.Target>
        </Indicator>
        <Popover.Dropdown aria-label={text.notifications}>
          <Stack gap="sm">
            {items.length === 0 ? (
              <div>
                <Text size="sm" fw={600}>
                  {text.none}
                </Text>
                <Text size="xs" c="dimmed">
                  {text.noneHint}
                </Text>
              </div>
            ) : (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by keyboard
              <ul className={classes.told} tabIndex={0} aria-label={text.notifications}>
                {items.map((item) => (
                  <Told key={item.id} item={item} />
                ))}
              </ul>
            )}
            <ByMail />
            <Anchor component={LinkTo} to="/exports" size="sm" onClick={() => change(false)}>
              {text.see}
            </Anchor>
          </Stack>
        </Popover.Dropdown>
      </Popover>
    </>
  );
}

/** The page of what was commented on, open at the comment. */
function commentAddress({ kind, key, comment }: Mention): string {
  const page = at("/definitions", kind, key);
  return comment ? `${page}?comment=${comment}` : page;
}

function sentenceOf({ about }: Notification): string {
  if ("import" in about) {
    return text.imported(humanise(about.import.kind).toLowerCase(), about.import.read);
  }
  if ("mention" in about) return strings.comments.mentioned(about.mention.by, about.mention.name);
  if ("way_out" in about) {
    const { address, answers } = about.way_out;
    return answers ? text.wayOutAnswers(address) : text.wayOutFails(address);
  }
  const { name, rows, state } = about.export;
  return state === "done" ? text.ready(name, rows) : text.failed(name);
}

function Told({ item }: { item: Notification }) {
  const { about } = item;
  return (
    <li className={classes.item} data-new={item.seen ? undefined : true}>
      <Text size="sm">{sentenceOf(item)}</Text>
      {"import" in about && about.import.rejected > 0 ? (
        <Text size="xs" c="dimmed">
          {text.rejected(about.import.rejected)}
        </Text>
      ) : null}
      {"mention" in about ? (
        <>
          <Text size="xs" c="dimmed" lineClamp={3}>
            {about.mention.text}
          </Text>
          <Anchor component={LinkTo} to={commentAddress(about.mention)} size="sm">
            {strings.comments.open}
          </Anchor>
        </>
      ) : null}
      {"way_out" in about && !about.way_out.answers ? (
        <>
          <Text size="xs" c="dimmed">
            {prose(about.way_out.message)}
          </Text>
          <Anchor component={LinkTo} to="/problems" size="sm">
            {text.seeProblems}
          </Anchor>
        </>
      ) : null}
      {"export" in about && about.export.problem ? (
        <Text size="xs" c="dimmed">
          {about.export.problem.message}
        </Text>
      ) : null}
      {"export" in about && about.export.state === "done" ? (
        item.file ? (
          <Anchor size="sm" href={exportFile(about.export.export)}>
            {text.downloadFile(about.export.name)}
          </Anchor>
        ) : (
          <Text size="xs" c="dimmed">
            {text.gone}
          </Text>
        )
      ) : null}
      <Text size="xs" c="dimmed">
        <Moment at={item.at} />
      </Text>
    </li>
  );
}

/** Whether who mentions them comes by mail as well. */
function ByMail() {
  const cache = useQueryClient();
  const own = useQuery(ownNoticesQuery).data;
  const set = useMutation({
    mutationFn: setOwnNotices,
    onSuccess: (kept) => cache.setQueryData(ownNoticesQuery.queryKey, kept),
    onError: tellFailure,
  });
  if (!own) return null;
  return (
    <Switch
      size="xs"
      label={strings.comments.byMail}
      checked={set.isPending ? set.variables : own.mentions}
      onChange={(event) => set.mutate(event.currentTarget.checked)}
    />
  );
}
