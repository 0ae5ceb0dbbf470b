// What the cards of the open map are called, for places that name nodes in words.
import { createContext, useContext } from "react";

export const TitlesContext = createContext<ReadonlyMap<string, string>>(new Map());

/** The title of a node, with its name behind it where several share the title. */
export function useTitles(): (id: string) => string {
  const titles = useContext(TitlesContext);
  const often = new Map<string, number>();
  for (const title of titles.values()) often.set(title, (often.get(title) ?? 0) + 1);
  return (id) => {
    const title = titles.get(id) ?? id;
    return (often.get(title) ?? 0) > 1 ? `${title} (${id})` : title;
  };
}
