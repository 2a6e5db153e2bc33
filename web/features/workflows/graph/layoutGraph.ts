import type { GraphNode } from "./foldGraph.ts";

export type Box = { node: GraphNode; x: number; y: number; width: number };
export type Layout = {
  boxes: Box[];
  heads: { text: string; x: number; y: number }[];
  lines: { from: string; to: string; path: string }[];
  width: number;
  height: number;
};

export const NODE_HEIGHT = { desk: 32, phone: 44 } as const;
const HEAD = 24;
const DESK = { width: 208, across: 56, down: 8 };
const PHONE = { gutter: 40, down: 6 };

/** On a desk each layer is a column; on a phone all stand below one another, with the lines beside them. */
export function layoutGraph(layers: GraphNode[][], phone: boolean, width: number): Layout {
  return phone ? layoutDown(layers, width) : layoutAcross(layers);
}

function headOf(layer: GraphNode[]): string {
  return [...new Set(layer.map(({ phase }) => phase ?? ""))].filter((phase) => phase !== "").join(", ");
}

function layoutAcross(layers: GraphNode[][]): Layout {
  const high = NODE_HEIGHT.desk;
  const boxes = layers.flatMap((layer, column) =>
    layer.map((node, row) => ({
      node,
      x: column * (DESK.width + DESK.across),
      y: HEAD + row * (high + DESK.down),
      width: DESK.width,
    })),
  );
  const most = Math.max(0, ...layers.map(({ length }) => length));
  return {
    boxes,
    heads: layers.map((layer, column) => ({
      text: headOf(layer),
      x: column * (DESK.width + DESK.across),
      y: 0,
    })),
    lines: linesOf(boxes, (from, to) => {
      const [x1, y1, x2, y2] = [from.x + from.width, from.y + high / 2, to.x, to.y + high / 2];
      const bend = Math.max(24, (x2 - x1) / 2);
      return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
    }),
    width: Math.max(0, layers.length * (DESK.width + DESK.across) - DESK.across),
    height: HEAD + most * (high + DESK.down),
  };
}

function layoutDown(layers: GraphNode[][], width: number): Layout {
  const high = NODE_HEIGHT.phone;
  const boxes: Box[] = [];
  const heads: Layout["heads"] = [];
  let y = 0;
  for (const layer of layers) {
    heads.push({ text: headOf(layer), x: PHONE.gutter, y });
    y += HEAD;
    for (const node of layer) {
      boxes.push({ node, x: PHONE.gutter, y, width: width - PHONE.gutter });
      y += high + PHONE.down;
    }
  }
  return {
    boxes,
    heads,
    // The further they reach, the further they swing out.
    lines: linesOf(boxes, (from, to) => {
      const [y1, y2] = [from.y + high / 2, to.y + high / 2];
      const out = PHONE.gutter - Math.min(PHONE.gutter - 2, 10 + (y2 - y1) / 12);
      return `M${PHONE.gutter} ${y1}C${out} ${y1} ${out} ${y2} ${PHONE.gutter} ${y2}`;
    }),
    width,
    height: y,
  };
}

function linesOf(boxes: Box[], path: (from: Box, to: Box) => string): Layout["lines"] {
  const byId = new Map(boxes.map((box) => [box.node.id, box]));
  return boxes.flatMap((to) =>
    to.node.after.flatMap((id) => {
      const from = byId.get(id);
      return from === undefined ? [] : [{ from: id, to: to.node.id, path: path(from, to) }];
    }),
  );
}
