// One journey's draft while it is being edited: every change can be undone, everything is saved by itself with
// its revision, and a second editor's change is told instead of overwritten. No React in here.
import type { Finding } from "../api/problem";
import { ApiError } from "../api/problem";
import type { Manifest } from "./manifest";

export type Stored = { manifest: Manifest; revision: string };

/** What a draft asks of the server. */
export type Port = {
  /** Refuses with status 412 when the stored revision is another one. */
  save: (manifest: Manifest, revision: string) => Promise<Stored>;
  load: () => Promise<Stored>;
};

export type Saving =
  | { state: "saved"; at: number | undefined }
  | { state: "waiting" }
  | { state: "saving" }
  | { state: "refused"; message: string; findings: Finding[] }
  | { state: "conflict"; theirs: Stored };

export type DraftState = {
  manifest: Manifest;
  /** What the server holds, as far as known. */
  stored: Stored;
  saving: Saving;
  canUndo: boolean;
  canRedo: boolean;
};

const SAVE_AFTER_MS = 700;
const RETRY_MS = 4_000;
/** Changes of one field that follow each other this fast are undone together. */
const SAME_STROKE_MS = 1_500;
const MOST_STEPS = 200;

export class DraftStore {
  private past: Manifest[] = [];
  private future: Manifest[] = [];
  private stroke: { key: string; at: number } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** The save that is under way. */
  private running: Promise<void> | undefined;
  private listeners = new Set<() => void>();
  private state: DraftState;

  constructor(
    stored: Stored,
    private readonly port: Port,
    private readonly now: () => number = Date.now,
  ) {
    this.state = {
      manifest: stored.manifest,
      stored,
      saving: { state: "saved", at: undefined },
      canUndo: false,
      canRedo: false,
    };
  }

  readonly get = (): DraftState => this.state;

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  /** `stroke` names what is being typed into, so that a word is one step back and not ten. */
  change(to: Manifest, stroke?: string) {
    if (to === this.state.manifest) return;
    const at = this.now();
    const goesOn =
      stroke !== undefined &&
      this.stroke?.key === stroke &&
      at - this.stroke.at < SAME_STROKE_MS &&
      this.past.length > 0;
    if (!goesOn) this.past = [...this.past, this.state.manifest].slice(-MOST_STEPS);
    this.stroke = stroke === undefined ? undefined : { key: stroke, at };
    this.future = [];
    this.become(to);
  }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    this.future.push(this.state.manifest);
    this.stroke = undefined;
    this.become(before);
  }

  redo() {
    const after = this.future.pop();
    if (!after) return;
    this.past.push(this.state.manifest);
    this.stroke = undefined;
    this.become(after);
  }

  /** Goes on from what the other editor made; one's own state can be had back by undoing. */
  takeTheirs() {
    const { saving } = this.state;
    if (saving.state !== "conflict") return;
    const { theirs } = saving;
    this.past.push(this.state.manifest);
    this.future = [];
    this.tell({
      manifest: theirs.manifest,
      stored: theirs,
      saving: { state: "saved", at: this.now() },
    });
  }

  /** Overwrites what the other editor made, knowing it. */
  keepMine() {
    const { saving } = this.state;
    if (saving.state !== "conflict") return;
    this.tell({ stored: saving.theirs, saving: { state: "waiting" } });
    void this.save();
  }

  /** Looks whether somebody else saved meanwhile. */
  async look() {
    if (this.state.saving.state === "conflict" || this.running) return;
    const found = await this.port.load().catch(() => undefined);
    if (!found || this.running || found.revision === this.state.stored.revision) return;
    this.tell({ saving: { state: "conflict", theirs: found } });
  }

  /** Saves what is not saved yet, at once; a save under way is waited for, as it may have been sent less. */
  async flush() {
    if (this.running) await this.running;
    clearTimeout(this.timer);
    if (this.unsaved()) await this.save();
  }

  unsaved() {
    return this.state.manifest !== this.state.stored.manifest;
  }

  private become(manifest: Manifest) {
    const conflict = this.state.saving.state === "conflict";
    this.tell({ manifest, ...(conflict ? {} : { saving: { state: "waiting" } as const }) });
    if (conflict) return;
    this.saveIn(SAVE_AFTER_MS);
  }

  private saveIn(ms: number) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), ms);
  }

  private async save() {
    if (this.running || this.state.saving.state === "conflict") return;
    clearTimeout(this.timer);
    if (!this.unsaved()) {
      this.tell({ saving: { state: "saved", at: this.now() } });
      return;
    }
    this.running = this.send(this.state.manifest);
    await this.running;
  }

  private async send(sent: Manifest) {
    this.tell({ saving: { state: "saving" } });
    try {
      const { revision } = await this.port.save(sent, this.state.stored.revision);
      this.running = undefined;
      this.tell({
        stored: { manifest: sent, revision },
        saving: { state: "saved", at: this.now() },
      });
      if (this.state.manifest !== sent) {
        this.tell({ saving: { state: "waiting" } });
        this.saveIn(SAVE_AFTER_MS);
      }
    } catch (error) {
      this.running = undefined;
      await this.failed(error);
    }
  }

  private async failed(error: unknown) {
    const refusal = error instanceof ApiError ? error : undefined;
    if (refusal?.status === 412) {
      const theirs = await this.port.load().catch(() => undefined);
      if (theirs) return this.tell({ saving: { state: "conflict", theirs } });
    }
    const message = error instanceof Error ? error.message : String(error);
    this.tell({ saving: { state: "refused", message, findings: refusal?.findings ?? [] } });
    // What was refused is tried again with the next change; a lost connection by itself.
    if (!refusal || refusal.status === 0 || refusal.status >= 500 || refusal.status === 412)
      this.saveIn(RETRY_MS);
  }

  private tell(part: Partial<DraftState>) {
    this.state = {
      ...this.state,
      ...part,
      canUndo: this.past.length > 0,
      canRedo: this.future.length > 0,
    };
    for (const listener of this.listeners) listener();
  }
}
