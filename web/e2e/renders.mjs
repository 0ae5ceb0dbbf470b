// Counts what React draws again. React tells every commit to the hook that its developer tools use, also in a
// production build; what was drawn is what did work and is not the same as before.

/** To be run in the page before its scripts. */
export function countRenders() {
  const DID_WORK = 1;
  const none = () => ({ commits: 0, components: 0, nodes: {}, edges: {}, came: {} });
  const counts = none();
  const reset = () => Object.assign(counts, none());

  /** Where on the map a component stands: the node or path whose element holds it, or is drawn by it. */
  function placeOf(fiber, place) {
    const name = fiber.memoizedProps?.className;
    if (typeof fiber.type !== "string" || typeof name !== "string") return place;
    const id = fiber.memoizedProps["data-id"];
    if (name.includes("react-flow__node ") || name === "react-flow__node") return { nodes: id };
    if (name.includes("react-flow__edge ") || name === "react-flow__edge") return { edges: id };
    return place;
  }

  function isComponent(fiber) {
    return typeof fiber.type === "function" || (fiber.type?.$$typeof && fiber.tag !== 10);
  }

  function walk(fiber, before, place) {
    const here = placeOf(fiber, place);
    if (before === null && here !== place && here.nodes) counts.came[here.nodes] = true;
    if (isComponent(fiber) && fiber.flags & DID_WORK) {
      counts.components += 1;
      if (before !== null)
        for (const [kind, id] of Object.entries(here))
          counts[kind][id] = (counts[kind][id] ?? 0) + 1;
    }
    // Children that are the very same objects were left alone.
    if (before !== null && fiber.child === before.child) return;
    for (let child = fiber.child; child !== null; child = child.sibling)
      walk(child, before === null ? null : child.alternate, here);
  }

  window.__REACT_DEVTOOLS_GLOBAL_HOOK__ = {
    renderers: new Map(),
    supportsFiber: true,
    inject: () => 1,
    onScheduleFiberRoot() {},
    onCommitFiberUnmount() {},
    onPostCommitFiberRoot() {},
    onCommitFiberRoot(_, root) {
      counts.commits += 1;
      if (root.current.alternate) walk(root.current, root.current.alternate, {});
    },
  };
  window.renders = { counts, reset };
}

/** What was drawn while something was done, once the page has come to rest. */
export async function rendersOf(page, doing) {
  const atRest = () =>
    page.evaluate(
      () =>
        new Promise((rest) => {
          let [last, quiet] = [-1, 0];
          const look = () => {
            quiet = window.renders.counts.commits === last ? quiet + 1 : 0;
            last = window.renders.counts.commits;
            if (quiet > 10) rest();
            else requestAnimationFrame(look);
          };
          look();
        }),
    );
  await atRest();
  await page.evaluate(() => window.renders.reset());
  const before = await work(page);
  await doing();
  await atRest();
  const after = await work(page);
  const counts = await page.evaluate(() => structuredClone(window.renders.counts));
  const spent = Object.fromEntries(
    Object.keys(after).map((name) => [name, Math.round((after[name] - before[name]) * 1000)]),
  );
  return { ...counts, spent };
}

const sessions = new WeakMap();

/** What the page has spent so far, in seconds. */
async function work(page) {
  if (!sessions.has(page)) {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    sessions.set(page, session);
  }
  const { metrics } = await sessions.get(page).send("Performance.getMetrics");
  const named = {
    script: "ScriptDuration",
    layout: "LayoutDuration",
    style: "RecalcStyleDuration",
  };
  return Object.fromEntries(
    Object.entries(named).map(([name, metric]) => [
      name,
      metrics.find((each) => each.name === metric)?.value ?? 0,
    ]),
  );
}
