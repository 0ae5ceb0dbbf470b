// The versions of a journey, and what differs between two of them: on the map, and in words at its side.
import { Group, Select, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ArrowRight, History } from "lucide-react";
import { useMemo } from "react";
import { versionManifestQuery, versionsQuery } from "../api/drafts";
import type { JourneyVersion } from "../api/types";
import { differences } from "../editor/differences";
import type { Manifest } from "../editor/manifest";
import { EmptyState } from "../shell/EmptyState";
import { ErrorNotice } from "../shell/ErrorNotice";
import { formatStamp } from "../shell/format";
import { strings } from "../strings";
import { ComparedMap } from "./ComparedMap";
import classes from "./history.module.css";

const text = strings.history;
const DRAFT = "draft";

export function HistoryTab() {
  const { key } = useParams({ from: "/inside/journeys/$key" });
  const { data, error, refetch } = useQuery({ ...versionsQuery(key), staleTime: 0 });
  if (error) return <ErrorNotice error={error} onRetry={refetch} />;
  if (!data) return <Skeleton m="lg" height={320} />;
  if (data.items.length === 0)
    return <EmptyState icon={History} title={text.empty} hint={text.emptyHint} />;
  return <Comparison key={key} journey={key} versions={data.items} />;
}

function Comparison({ journey, versions }: { journey: string; versions: JourneyVersion[] }) {
  const navigate = useNavigate({ from: "/journeys/$key" });
  const search = useSearch({ strict: false }) as { from?: string; to?: string };
  const last = String(versions.at(-1)?.number);
  const usual = useUsual(journey, versions);
  const [from, to] = [search.from ?? usual?.from, search.to ?? usual?.to];
  const put = (part: { from?: string; to?: string }) =>
    void navigate({ to: ".", search: { from, to, ...part } as never, replace: true });
  const data = [
    ...versions.map((version) => ({
      value: String(version.number),
      label: text.version(version.number, formatStamp(version.published_at)),
    })),
    { value: DRAFT, label: text.draft },
  ].reverse();
  return (
    <div className={classes.tab}>
      <Group className={classes.ask} gap="md" align="flex-end">
        <Select
          label={text.from}
          w={260}
          allowDeselect={false}
          data={data}
          value={from ?? last}
          onChange={(next) => next && put({ from: next })}
        />
        <ArrowRight size={18} aria-hidden className={classes.arrow} />
        <Select
          label={text.to}
          w={260}
          allowDeselect={false}
          data={data}
          value={to ?? DRAFT}
          onChange={(next) => next && put({ to: next })}
        />
        <Publisher versions={versions} shown={to} />
      </Group>
      {from !== undefined && to !== undefined ? (
        <ComparedMap key={`${from} ${to}`} journey={journey} from={from} to={to} />
      ) : (
        <Skeleton m="lg" height={320} />
      )}
    </div>
  );
}

/** By whom the version at hand was published. */
function Publisher({ versions, shown }: { versions: JourneyVersion[]; shown: string | undefined }) {
  const version = versions.find(({ number }) => String(number) === shown);
  if (!version) return null;
  return (
    <Text size="sm" c="dimmed" pb={8}>
      {text.publishedBy(version.published_by, version.live)}
    </Text>
  );
}

/** The draft over the last version where they differ, else the last two versions. */
function useUsual(journey: string, versions: JourneyVersion[]) {
  const last = String(versions.at(-1)?.number);
  const { data: draft } = useQuery(versionManifestQuery(journey, DRAFT));
  const { data: published } = useQuery(versionManifestQuery(journey, last));
  return useMemo(() => {
    if (!draft || !published) return undefined;
    const edited = differences(published as Manifest, draft as Manifest).length > 0;
    const before = versions.at(-2);
    if (edited || !before) return { from: last, to: DRAFT };
    return { from: String(before.number), to: last };
  }, [draft, published, versions, last]);
}
