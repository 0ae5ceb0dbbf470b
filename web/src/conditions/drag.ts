// Tests that are dragged say whom they ask about, so that a group about others does not take them.
import { type DragEvent, useState } from "react";
import type { Fields, Subject } from "../editor/manifest";

/** The type under which a dragged test travels; what it carries can be read only once it is dropped. */
const typeOf = (subject: Subject) => `application/x-caravan-test-${subject}`;

export function carry(event: DragEvent, subject: Subject, test: Fields) {
  event.dataTransfer.setData(typeOf(subject), JSON.stringify(test));
}

const carried = (event: DragEvent): Subject | undefined =>
  (["account", "person"] as const).find((subject) =>
    event.dataTransfer.types.includes(typeOf(subject)),
  );

/** What is held over a group: a test that it takes, or one that it does not. */
export type Held = "taken" | "refused" | undefined;

/** The handlers of a place that takes tests about `subject`, and what is held over it. */
export function useDrop(subject: Subject, onDropped: (test: Fields) => void) {
  const [held, setHeld] = useState<Held>();
  const handlers = {
    onDragOver: (event: DragEvent) => {
      const about = carried(event);
      if (!about) return;
      // Also what is refused here is not for the group around this one.
      event.stopPropagation();
      if (about === subject) event.preventDefault();
      setHeld(about === subject ? "taken" : "refused");
    },
    onDragLeave: () => setHeld(undefined),
    onDrop: (event: DragEvent) => {
      setHeld(undefined);
      const about = carried(event);
      if (!about) return;
      event.preventDefault();
      event.stopPropagation();
      if (about === subject) onDropped(JSON.parse(event.dataTransfer.getData(typeOf(subject))));
    },
  };
  return { held, handlers };
}
