// The charts load on demand; their library is as large as a page.
import { lazy } from "react";

export const Bars = lazy(() =>
  import("./Bars").then((module) => ({ default: module.Bars })),
) as unknown as typeof import("./Bars").Bars;

export const Lines = lazy(() =>
  import("./Lines").then((module) => ({ default: module.Lines })),
) as unknown as typeof import("./Lines").Lines;

/** More bars than these are no picture any more. */
export const MOST_BARS = 20;
