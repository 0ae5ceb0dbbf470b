// Where definitions have their pages.
import { at } from "../shell/LinkTo";

/** The page of a definition: its kind in the plural, as the API names it, and its key. */
export const addressOf = (plural: string, key: string) => at("/definitions", plural, key);

/** The same, opened from a journey: its own values are at hand there, and the way back leads to it. */
export const fromJourney = (address: string, journey: string) =>
  `${address}?${new URLSearchParams({ journey })}`;
