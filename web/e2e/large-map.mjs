// A map of 200 nodes stays fluid: what React draws again is counted, and the profile of every gesture printed.
import assert from "node:assert/strict";
import { signIn } from "./browser.mjs";
import { countRenders, rendersOf } from "./renders.mjs";
import { begin } from "./walk.mjs";

const NODES = 200;
const PER_BRANCH = 40;
const { server, page, write, step, walk } = await begin();
await page.addInitScript(countRenders);
const key = `large-${Date.now().toString(36)}`;

/** Five branches of a split, each a chain of waits. */
function manifest() {
  const branches = Math.ceil(NODES / PER_BRANCH);
  const nodes = {};
  const name = (branch, n) => `wait-${branch}-${n}`;
  nodes.fork = {
    type: "split",
    by: "account",
    paths: Array.from({ length: branches - 1 }, (_, n) => ({
      label: `Path ${n + 1}`,
      when: { account: "employees", at_least: n },
      next: name(n, 0),
    })),
    other: { next: name(branches - 1, 0) },
  };
  for (let made = 1; made < NODES; made += 1) {
    const [branch, n] = [(made - 1) % branches, Math.floor((made - 1) / branches)];
    const last = made + branches >= NODES;
    nodes[name(branch, n)] = {
      type: "wait",
      duration: "1d",
      next: last ? null : name(branch, n + 1),
    };
  }
  return { name: "Large", subject: "account", entry: "fork", nodes };
}

const rows = [];
/** Does it, and keeps its profile. */
async function profiled(gesture, doing) {
  const found = await rendersOf(page, doing);
  const drawn = {
    nodes: Object.keys(found.nodes).sort(),
    edges: Object.keys(found.edges),
    came: Object.keys(found.came),
  };
  rows.push({
    gesture,
    commits: found.commits,
    components: found.components,
    "nodes drawn again": drawn.nodes.length,
    "paths drawn again": drawn.edges.length,
    "nodes that came into sight": drawn.came.length,
    "script ms": found.spent.script,
    "layout ms": found.spent.layout,
    "style ms": found.spent.style,
  });
  return drawn;
}

/** No node is drawn again, and no path but those to a node that only now came into sight. */
function onlyWhatCame({ nodes, edges, came }) {
  assert.deepEqual(nodes, []);
  const ends = (edge) => edge.split(/[>:]/);
  assert.deepEqual(
    edges.filter((edge) => !ends(edge).some((end) => came.includes(end))),
    [],
  );
}

const cardOf = (id) => page.locator(`.react-flow__node[data-id="${id}"]`);
const open = (id) => cardOf(id).locator("button[aria-pressed]").first().click();

await walk(async () => {
  await signIn(page, server);
  await write("PUT", `/journeys/${key}?incomplete=true`, manifest());
  await page.goto(`${server.url}/journeys/${key}`);
  await cardOf("wait-0-0").waitFor();
  const pane = await page.locator(".react-flow__pane").boundingBox();
  const [x, y] = [pane.x + pane.width / 2, pane.y + pane.height - 60];

  await step(`a drag of a map of ${NODES} nodes draws none of them again`, async () => {
    const drawn = await profiled("drag the map", async () => {
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x - 240, y - 40, { steps: 30 });
      await page.mouse.up();
    });
    onlyWhatCame(drawn);
  });

  await step("so does zooming", async () => {
    const drawn = await profiled("zoom out and in", async () => {
      await page.getByRole("button", { name: "Zoom out" }).click();
      await page.getByRole("button", { name: "Zoom in" }).click();
    });
    onlyWhatCame(drawn);
  });

  await step("choosing a node draws that one, and the one that was chosen before", async () => {
    await open("wait-0-0");
    await page.getByRole("complementary").waitFor();
    const drawn = await profiled("choose another node", () => open("wait-1-0"));
    assert.deepEqual(drawn.nodes, ["wait-0-0", "wait-1-0"]);
    assert.deepEqual(drawn.edges, []);
  });

  await step("what is typed draws its own node alone", async () => {
    const field = page.getByRole("complementary").getByLabel("How long", { exact: false }).first();
    const drawn = await profiled("type a duration", async () => {
      await field.fill("12");
      await page
        .getByRole("status")
        .filter({ hasText: /^Saved/ })
        .first()
        .waitFor();
    });
    assert.deepEqual(drawn.nodes, ["wait-1-0"]);
    assert.deepEqual(drawn.edges, []);
  });

  console.table(rows);
});
