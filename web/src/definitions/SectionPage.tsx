// A page whose tabs list one kind of definitions each.
import type { ReactNode } from "react";
import { humanise } from "../shell/format";
import { PageHeader } from "../shell/PageHeader";
import classes from "../shell/shell.module.css";
import { type Tab, Tabs } from "../shell/Tabs";
import { strings } from "../strings";
import { DefinitionList } from "./DefinitionList";
import { SECTIONS, tabOf } from "./sections";

export const titleOf = (kind: string) =>
  strings.definitions.kinds[kind]?.title ?? humanise(`${kind}s`);

export const tabsOf = (kinds: readonly string[]): Tab[] =>
  kinds.map((kind) => ({
    id: tabOf(kind),
    label: titleOf(kind),
    body: <DefinitionList key={kind} kind={kind} />,
  }));

type Props = {
  title: string;
  kinds: readonly string[];
  first?: Tab[];
  last?: Tab[];
  actions?: ReactNode;
};

export function SectionPage({ title, kinds, first = [], last = [], actions }: Props) {
  return (
    <div className={classes.page}>
      <PageHeader title={title}>{actions}</PageHeader>
      <Tabs label={title} tabs={[...first, ...tabsOf(kinds), ...last]} />
    </div>
  );
}

export function ListsPage() {
  return <SectionPage title={strings.nav.lists} kinds={SECTIONS.lists.kinds} />;
}

export function ContentPage() {
  return <SectionPage title={strings.nav.content} kinds={SECTIONS.content.kinds} />;
}
