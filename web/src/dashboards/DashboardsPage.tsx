// What all journeys, messages and buying groups came to, in charts and in the API's own numbers.
import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { EngagementBoard } from "./EngagementBoard";
import { GroupsBoard } from "./GroupsBoard";
import { JourneysBoard } from "./JourneysBoard";
import { MessagesBoard } from "./MessagesBoard";
import { RolesBoard } from "./RolesBoard";

const JourneyBoard = lazy(() => import("./JourneyBoard"));
const text = strings.dashboards;

export function DashboardsPage() {
  return (
    <div className={classes.page}>
      <PageHeader title={text.title} />
      <Suspense fallback={<Skeleton height={300} />}>
        <Tabs
          label={text.title}
          tabs={[
            { id: "journeys", label: text.tabs.journeys, body: <JourneysBoard /> },
            { id: "journey", label: text.tabs.journey, body: <JourneyBoard /> },
            { id: "messages", label: text.tabs.messages, body: <MessagesBoard /> },
            { id: "groups", label: text.tabs.groups, body: <GroupsBoard /> },
            { id: "roles", label: text.tabs.roles, body: <RolesBoard /> },
            { id: "engagement", label: text.tabs.engagement, body: <EngagementBoard /> },
          ]}
        />
      </Suspense>
    </div>
  );
}
