import { Tabs as MantineTabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Fragment, type ReactNode, useEffect, useRef } from "react";
import classes from "./shell.module.css";

export type Tab = {
  id: string;
  label: string;
  body: ReactNode;
  /** Upright tabs that belong together stand under this heading. */
  section?: string;
};

/** Tabs whose choice stands in the address as `?tab=`; the first is the default. */
export function Tabs({
  label,
  tabs,
  upright,
}: {
  label: string;
  tabs: Tab[];
  /** Many tabs stand below each other, at the left. */
  upright?: boolean;
}) {
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as { tab?: string };
  const first = tabs[0]?.id ?? "";
  const chosen = tabs.some((tab) => tab.id === search.tab) ? search.tab : first;
  const list = useRef<HTMLDivElement>(null);
  // Upright tabs scroll by themselves; the one that an address names must not stand out of sight.
  useEffect(() => {
    const active = list.current?.querySelector<HTMLElement>("[data-active]");
    if (!upright || !chosen || !list.current || !active) return;
    const [room, place] = [list.current.getBoundingClientRect(), active.getBoundingClientRect()];
    if (place.top < room.top || place.bottom > room.bottom)
      list.current.scrollTop += place.top - room.top - room.height / 2;
  }, [upright, chosen]);
  const choose = (id: string | null) =>
    navigate({ to: ".", search: { tab: id === first ? undefined : id } as never, replace: true });
  return (
    <MantineTabs
      value={chosen ?? null}
      onChange={choose}
      keepMounted={false}
      {...(upright ? { orientation: "vertical" as const } : {})}
    >
      <MantineTabs.List
        ref={list}
        aria-label={label}
        {...(upright ? { className: classes.uprightTabs } : { mb: "md" })}
      >
        {tabs.map((tab, n) => (
          <Fragment key={tab.id}>
            {tab.section && tab.section !== tabs[n - 1]?.section ? (
              <span className={classes.tabSection} role="presentation">
                {tab.section}
              </span>
            ) : null}
            <MantineTabs.Tab value={tab.id}>{tab.label}</MantineTabs.Tab>
          </Fragment>
        ))}
      </MantineTabs.List>
      {tabs.map((tab) => (
        <MantineTabs.Panel
          key={tab.id}
          value={tab.id}
          {...(upright ? { className: classes.uprightPanel } : {})}
        >
          {tab.body}
        </MantineTabs.Panel>
      ))}
    </MantineTabs>
  );
}
