import { ApiError } from "../api/problem";
import { DraftStore, type Port, type Stored } from "./draft";
import type { Manifest } from "./manifest";
import { aDraft } from "./manifest.test-support";

/** A shelf that holds one draft, as a server would. */
class Shelf implements Port {
  held: Stored = { manifest: aDraft(), revision: "1" };
  saves: Manifest[] = [];
  /** What the next save is answered with, once. */
  refuses: ApiError | undefined;

  load = async () => this.held;
  save = async (manifest: Manifest, revision: string) => {
    const refusal = this.refuses;
    this.refuses = undefined;
    if (refusal) throw refusal;
    if (revision !== this.held.revision) throw new ApiError(412, "stale_write", "changed");
    this.saves.push(manifest);
    return this.put(manifest);
  };
  put(manifest: Manifest): Stored {
    this.held = { manifest, revision: String(Number(this.held.revision) + 1) };
    return this.held;
  }
}

const named = (name: string) => ({ ...aDraft(), name });

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function open() {
  const shelf = new Shelf();
  const draft = new DraftStore(shelf.held, shelf);
  return { shelf, draft, rest: () => vi.advanceTimersByTimeAsync(10_000) };
}

it("saves by itself once the hands rest", async () => {
  const { shelf, draft, rest } = open();
  draft.change(named("One"));
  draft.change(named("Two"));
  expect(draft.get().saving.state).toBe("waiting");
  await rest();
  expect(shelf.saves.map((each) => each.name)).toEqual(["Two"]);
  expect(draft.get().saving.state).toBe("saved");
  expect(draft.unsaved()).toBe(false);
});

it("has everything kept once it is flushed, also while an earlier state is on its way", async () => {
  const { shelf, draft } = open();
  const save = shelf.save;
  shelf.save = async (...sent) => {
    await new Promise((arrived) => setTimeout(arrived, 500));
    return save(...sent);
  };
  draft.change(named("One"));
  const first = draft.flush();
  draft.change(named("Two"));
  const second = draft.flush();
  await vi.advanceTimersByTimeAsync(5_000);
  await Promise.all([first, second]);
  expect(shelf.saves.map((each) => each.name)).toEqual(["One", "Two"]);
  expect(draft.unsaved()).toBe(false);
});

it("undoes and redoes everything, a typed word in one step", () => {
  const { draft } = open();
  for (const name of ["N", "Ne", "New"]) draft.change(named(name), "/name");
  draft.change({ ...named("New"), entry: "heard" });
  draft.undo();
  expect(draft.get().manifest).toMatchObject({ name: "New", entry: "send" });
  draft.undo();
  expect(draft.get()).toMatchObject({ manifest: { name: "Nurture" }, canUndo: false });
  draft.redo();
  draft.redo();
  expect(draft.get()).toMatchObject({ manifest: { entry: "heard" }, canRedo: false });
  draft.undo();
  draft.change(named("Other"));
  expect(draft.get().canRedo).toBe(false);
});

it("warns of a second editor instead of overwriting, and goes on from theirs", async () => {
  const { shelf, draft, rest } = open();
  shelf.put(named("Theirs"));
  draft.change(named("Mine"));
  await rest();
  expect(draft.get().saving).toMatchObject({
    state: "conflict",
    theirs: { manifest: { name: "Theirs" } },
  });
  expect(shelf.held.manifest.name).toBe("Theirs");
  draft.takeTheirs();
  expect(draft.get().manifest.name).toBe("Theirs");
  draft.undo();
  await rest();
  expect(shelf.held.manifest.name).toBe("Mine");
});

it("notices a second editor while nothing is changed here, and overwrites only when told to", async () => {
  const { shelf, draft, rest } = open();
  shelf.put(named("Theirs"));
  await draft.look();
  draft.change(named("Mine"));
  await rest();
  expect(shelf.held.manifest.name).toBe("Theirs");
  draft.keepMine();
  await rest();
  expect(shelf.held.manifest.name).toBe("Mine");
});

it("says why a draft was refused, and tries again with the next change", async () => {
  const { shelf, draft, rest } = open();
  shelf.refuses = new ApiError(422, "invalid_input", "The name is too long.");
  draft.change(named("Too long"));
  await rest();
  expect(draft.get().saving).toMatchObject({ state: "refused", message: "The name is too long." });
  draft.change(named("Short"));
  await rest();
  expect(shelf.held.manifest.name).toBe("Short");
});

it("goes on by itself when the server could not be reached", async () => {
  const { shelf, draft, rest } = open();
  shelf.refuses = new ApiError(0, "unreachable", "The server cannot be reached.");
  draft.change(named("Later"));
  await rest();
  expect(shelf.held.manifest.name).toBe("Later");
});
