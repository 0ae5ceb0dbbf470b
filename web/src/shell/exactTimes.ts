// Whether times are told exactly on every page; a habit of one browser. Hovering tells them one by one, but neither the
// keyboard nor a finger hovers, and a table whose every time is a stop of the keyboard is no help.
import { useSyncExternalStore } from "react";

const PLACE = "caravan.times.exact";
const listeners = new Set<() => void>();

function subscribe(listener: () => void) {
  listeners.add(listener);
  // Another window of the same browser.
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

const read = () => localStorage.getItem(PLACE) === "true";

export const useExactTimes = () => useSyncExternalStore(subscribe, read);

export function tellExactly(exact: boolean) {
  localStorage.setItem(PLACE, String(exact));
  for (const each of listeners) each();
}
