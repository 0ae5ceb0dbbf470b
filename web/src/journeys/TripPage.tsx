// One traveller's trip: where it stands, what it waits for, and everything that happened, newest last.
import { Button, Skeleton, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Flag, Hourglass, Route } from "lucide-react";
import { mapQuery, tripQuery } from "../api/queries";
import type { JourneyMap, Trip } from "../api/types";
import { titleOf } from "../map/graph";
import { Card } from "../shell/Card";
import { PageFault } from "../shell/Fault";
import { formatInstant, formatRelative, inSentence } from "../shell/format";
import { at, LinkTo } from "../shell/LinkTo";
import { useNow } from "../shell/Moment";
import { PageHeader } from "../shell/PageHeader";
import shell from "../shell/shell.module.css";
import { strings } from "../strings";
import classes from "./journeys.module.css";
import { TripMenu } from "./TripMenu";
import { TripTimeline } from "./TripTimeline";
import { WhyHere } from "./WhyHere";
import { endWord } from "./words";

const text = strings.trip;

export function TripPage() {
  const { key, id } = useParams({ from: "/inside/journeys/$key/travellers/$id" });
  const { data: trip, error, refetch } = useQuery(tripQuery(key, id));
  const { data: map } = useQuery(mapQuery(key));
  if (error) {
    return (
      <PageFault
        error={error}
        onRetry={refetch}
        back={{ to: at("/journeys", key), label: text.back }}
      />
    );
  }
  if (!trip) return <Skeleton height={320} m="lg" w="auto" />;
  const { subject, key: own, name } = trip.traveller;
  return (
    <div className={shell.page}>
      <PageHeader
        title={name || own}
        back={{ to: at("/journeys", key), label: text.back }}
        detail={
          <>
            <span>{strings.subjects[subject]}</span>
            <LinkTo to={at("/journeys", key)}>{map?.name ?? key}</LinkTo>
            <span>{strings.journey.version(trip.version)}</span>
            {trip.entry > 1 ? <span>{text.entry(trip.entry)}</span> : null}
            <span>{text.enteredAt(formatInstant(trip.entered_at))}</span>
            {trip.ended_at ? <span>{text.endedAt(formatInstant(trip.ended_at))}</span> : null}
          </>
        }
      >
        <Button
          component={LinkTo}
          to={at(subject === "account" ? "/accounts" : "/people", own)}
          variant="default"
        >
          {text.openRecord[subject]}
        </Button>
        <TripMenu journey={key} id={id} trip={trip} />
      </PageHeader>
      <Standing trip={trip} map={map} />
      <WhyHere here={trip.here} held={trip.held} />
      <Card title={text.title}>
        {trip.items.length === 0 ? (
          <Text c="dimmed">{text.empty}</Text>
        ) : (
          <TripTimeline items={trip.items} map={map} />
        )}
      </Card>
    </div>
  );
}

/** Where it stands, and what it waits for. */
function Standing({ trip, map }: { trip: Trip; map: JourneyMap | undefined }) {
  const now = useNow();
  const { waiting } = trip;
  if (trip.state === "ended") {
    return (
      <Banner
        icon={<Flag size={18} />}
        title={text.endedWith(endWord(trip.outcome).toLowerCase())}
      />
    );
  }
  if (!waiting) return <Banner icon={<Route size={18} />} title={text.moves} />;
  const parts = [
    waiting.event ? text.waitsFor(inSentence(waiting.event)) : null,
    waiting.until
      ? text.waitsUntil(formatInstant(waiting.until), formatRelative(waiting.until, now))
      : null,
  ].filter((part) => part !== null);
  return (
    <Banner
      icon={<Hourglass size={18} />}
      title={text.waitsAt(waiting.title ?? titleOf(map, waiting.node))}
      detail={parts.length > 0 ? parts.join(" · ") : text.waitsOpen}
    />
  );
}

function Banner({
  icon,
  title,
  detail,
}: {
  icon: React.ReactNode;
  title: string;
  detail?: string;
}) {
  return (
    <section className={classes.banner}>
      <span className={classes.bannerIcon} aria-hidden>
        {icon}
      </span>
      <div>
        <Title order={2}>{title}</Title>
        {detail ? <Text c="dimmed">{detail}</Text> : null}
      </div>
    </section>
  );
}
