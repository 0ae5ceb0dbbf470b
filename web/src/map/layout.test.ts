import { graphOf } from "./graph";
import { type Drawing, layoutGraph, openingViewport } from "./layout";
import { orthogonal, roundedPath } from "./route";
import { aMap, aNode } from "./sample.test-support";
import { sizeOf } from "./size";

function drawn(direction: "horizontal" | "vertical", opened = new Set<string>()): Drawing {
  const { items, links } = graphOf(aMap());
  return layoutGraph(items, links, (item) => sizeOf(item, true, opened.has(item.id)), direction);
}
const at = (drawing: Drawing, id: string) => {
  const node = drawing.nodes.find((each) => each.item.id === id);
  if (!node) throw new Error(`${id} is not drawn`);
  return node;
};

describe("layout", () => {
  it("goes from left to right, each node after the one before it", () => {
    const drawing = drawn("horizontal");
    for (const { link } of drawing.links) {
      const from = at(drawing, link.source);
      expect(at(drawing, link.target).x).toBeGreaterThanOrEqual(from.x + from.width);
    }
  });

  it("goes from top to bottom when turned", () => {
    const drawing = drawn("vertical");
    for (const { link } of drawing.links) {
      const from = at(drawing, link.source);
      expect(at(drawing, link.target).y).toBeGreaterThanOrEqual(from.y + from.height);
    }
  });

  it.each(["horizontal", "vertical"] as const)("lets no two cards overlap (%s)", (direction) => {
    const { nodes } = drawn(direction, new Set(["people"]));
    for (const a of nodes) {
      for (const b of nodes) {
        if (a === b) continue;
        const apart =
          a.x + a.width <= b.x ||
          b.x + b.width <= a.x ||
          a.y + a.height <= b.y ||
          b.y + b.height <= a.y;
        expect(apart, `${a.item.id} and ${b.item.id}`).toBe(true);
      }
    }
  });

  it("starts every path at its card's side and bends only at right angles", () => {
    const drawing = drawn("horizontal");
    for (const { link, corners } of drawing.links) {
      const from = at(drawing, link.source);
      expect(corners[0]?.x).toBeCloseTo(from.x + from.width, 5);
      for (let i = 1; i < corners.length; i++) {
        const [a, b] = [corners[i - 1], corners[i]];
        expect(a?.x === b?.x || a?.y === b?.y).toBe(true);
      }
    }
  });

  it("runs no path through a card it does not belong to", () => {
    const drawing = drawn("horizontal", new Set(["people"]));
    for (const { link, corners } of drawing.links) {
      for (const card of drawing.nodes) {
        if (card.item.id === link.source || card.item.id === link.target) continue;
        for (let i = 1; i < corners.length; i++) {
          const [a, b] = [corners[i - 1], corners[i]];
          if (!a || !b) continue;
          const hit =
            Math.max(a.x, b.x) > card.x &&
            Math.min(a.x, b.x) < card.x + card.width &&
            Math.max(a.y, b.y) > card.y &&
            Math.min(a.y, b.y) < card.y + card.height;
          expect(hit, `${link.id} through ${card.item.id}`).toBe(false);
        }
      }
    }
  });

  it("makes room for an opened box", () => {
    const closed = at(drawn("horizontal"), "people");
    const open = at(drawn("horizontal", new Set(["people"])), "people");
    expect(open.height).toBeGreaterThan(closed.height);
    expect(open.width).toBeGreaterThan(closed.width);
  });

  it("lays out 200 nodes", () => {
    const nodes = Array.from({ length: 200 }, (_, i) => aNode(`n${i}`));
    const edges = nodes.map((node, i) => ({
      from: node.id,
      to: nodes[i + 1]?.id ?? null,
      path: null,
      label: null,
    }));
    const { items, links } = graphOf({ ...aMap(), nodes, edges });
    const drawing = layoutGraph(items, links, (item) => sizeOf(item, true, false), "horizontal");
    expect(drawing.nodes).toHaveLength(202);
  });
});

describe("the first look", () => {
  it("shows all of a small map at no more than its real size", () => {
    expect(openingViewport(drawn("horizontal"), { width: 4000, height: 2000 }).zoom).toBe(1);
  });

  it("shows the beginning of a large one, readable", () => {
    const drawing = drawn("horizontal");
    const { x, y, zoom } = openingViewport(drawing, { width: 500, height: 400 });
    const play = at(drawing, "start:");
    expect(zoom).toBeGreaterThanOrEqual(0.7);
    expect(play.x * zoom + x).toBeGreaterThanOrEqual(0);
    expect((play.y + play.height / 2) * zoom + y).toBeCloseTo(200);
  });
});

describe("routes", () => {
  it("bends in the gap beside a rank of cards, never beneath them", () => {
    const columns = [
      { centre: 0, left: -100, right: 100 },
      { centre: 400, left: 300, right: 500 },
    ];
    const { corners } = orthogonal(
      [
        { x: 100, y: 0 },
        { x: 300, y: 80 },
      ],
      [],
      { x: 200, y: 0 },
      columns,
    );
    expect(corners).toEqual([
      { x: 100, y: 0 },
      { x: 116, y: 0 },
      { x: 116, y: 80 },
      { x: 300, y: 80 },
    ]);
  });

  it("takes out a jog of a few pixels", () => {
    const { corners } = orthogonal(
      [
        { x: 0, y: 0 },
        { x: 100, y: 0 },
      ],
      [{ x: 50, y: 4 }],
      { x: 50, y: 4 },
      [],
    );
    expect(corners).toEqual([
      { x: 0, y: 0 },
      { x: 100, y: 0 },
    ]);
  });

  it("rounds corners and keeps straight lines straight", () => {
    expect(
      roundedPath(
        [
          { x: 0, y: 0 },
          { x: 40, y: 0 },
          { x: 40, y: 40 },
        ],
        10,
      ),
    ).toBe("M0,0 L30,0 Q40,0 40,10 L40,40");
    expect(roundedPath([], 10)).toBe("");
  });
});
