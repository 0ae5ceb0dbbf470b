// What is marked on a map that compares two versions: which cards and paths came, changed or went.
import { createContext, useContext } from "react";

export type Mark = "added" | "changed" | "removed";
export type Marks = {
  nodes: ReadonlyMap<string, Mark>;
  /** By the id of the drawn link. */
  links: ReadonlyMap<string, Mark>;
};

export const MarksContext = createContext<Marks | null>(null);

export const useNodeMark = (node: string): Mark | undefined =>
  useContext(MarksContext)?.nodes.get(node);
export const useLinkMark = (link: string): Mark | undefined =>
  useContext(MarksContext)?.links.get(link);
