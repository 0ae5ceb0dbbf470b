// Paths with right angles: they run straight through ranks of cards and bend only in the gaps.

export type Point = { x: number; y: number };
export type Column = { centre: number; left: number; right: number };

const BEND = 16;
const STRAIGHT = 6;

/** From port to port through dagre's bends; returns the corners and where the chip ends up. */
export function orthogonal(
  [start, end]: [Point, Point],
  bends: Point[],
  chip: Point,
  columns: Column[],
): { corners: Point[]; chip: Point } {
  const stops = [start, ...straightened(start, bends, end), end];
  const corners: Point[] = [start];
  for (let i = 1; i < stops.length; i++) {
    const from = stops[i - 1] as Point;
    const to = stops[i] as Point;
    if (from.y !== to.y) {
      const x = bendBetween(from, to, columns);
      corners.push({ x, y: from.y }, { x, y: to.y });
    }
    corners.push(to);
  }
  const carrier = stops.find((stop) => Math.abs(stop.x - chip.x) < 1);
  return { corners: withoutCollinear(corners), chip: { x: chip.x, y: carrier?.y ?? chip.y } };
}

/** Takes out jogs too small to be meant. */
function straightened(start: Point, bends: Point[], end: Point): Point[] {
  let y = start.y;
  return bends.map((bend) => {
    if (Math.abs(bend.y - y) < STRAIGHT) return { x: bend.x, y };
    y = Math.abs(bend.y - end.y) < STRAIGHT ? end.y : bend.y;
    return { x: bend.x, y };
  });
}

function bendBetween(from: Point, to: Point, columns: Column[]): number {
  const leaving = columns.find(
    (column) => from.x >= column.centre - 1 && from.x <= column.right + 1,
  );
  if (leaving) return leaving.right + BEND;
  const entering = columns.find((column) => to.x <= column.centre + 1 && to.x >= column.left - 1);
  if (entering) return entering.left - BEND;
  return (from.x + to.x) / 2;
}

function withoutCollinear(points: Point[]): Point[] {
  return points.filter((point, i) => {
    const before = points[i - 1];
    const after = points[i + 1];
    if (!before || !after) return true;
    const flat = before.y === point.y && point.y === after.y;
    const upright = before.x === point.x && point.x === after.x;
    return !flat && !upright;
  });
}

/** An SVG path through the corners, each rounded as far as its sides allow. */
export function roundedPath(corners: Point[], radius: number): string {
  const [first, ...rest] = corners;
  if (!first) return "";
  const parts = [`M${first.x},${first.y}`];
  rest.forEach((corner, i) => {
    const before = corners[i] as Point;
    const after = corners[i + 2];
    if (!after) {
      parts.push(`L${corner.x},${corner.y}`);
      return;
    }
    const reach = Math.min(radius, distance(before, corner) / 2, distance(corner, after) / 2);
    const enter = towards(corner, before, reach);
    const leave = towards(corner, after, reach);
    parts.push(`L${enter.x},${enter.y}`, `Q${corner.x},${corner.y} ${leave.x},${leave.y}`);
  });
  return parts.join(" ");
}

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);

function towards(from: Point, to: Point, reach: number): Point {
  const length = distance(from, to) || 1;
  return {
    x: from.x + ((to.x - from.x) / length) * reach,
    y: from.y + ((to.y - from.y) / length) * reach,
  };
}
