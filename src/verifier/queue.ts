import type { Node } from './explore.ts';

interface Entry {
  readonly node: Node;
  readonly key: readonly number[];
}

/** Orders nodes by their position in the (call-expanded) weak topological order, each queued at most once. */
export class NodeQueue {
  private readonly heap: Entry[] = [];
  private readonly queued = new Set<number>();

  push(node: Node, key: readonly number[]): void {
    if (this.queued.has(node.id)) return;
    this.queued.add(node.id);
    const { heap } = this;
    heap.push({ node, key });
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (compareKeys(heap[parent]!.key, heap[at]!.key) <= 0) break;
      [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
      at = parent;
    }
  }

  pop(): Node | undefined {
    const { heap } = this;
    const first = heap[0];
    if (first === undefined) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      let at = 0;
      for (;;) {
        const left = 2 * at + 1;
        let least = at;
        if (left < heap.length && compareKeys(heap[left]!.key, heap[least]!.key) < 0) least = left;
        if (left + 1 < heap.length && compareKeys(heap[left + 1]!.key, heap[least]!.key) < 0) least = left + 1;
        if (least === at) break;
        [heap[least], heap[at]] = [heap[at]!, heap[least]!];
        at = least;
      }
    }
    this.queued.delete(first.node.id);
    return first.node;
  }
}

/** What was pushed last comes first, as often as it was pushed: the order of a search. */
export class NodeStack {
  private readonly stack: Node[] = [];

  push(node: Node): void {
    this.stack.push(node);
  }

  pop(): Node | undefined {
    return this.stack.pop();
  }
}

/** Lexicographic; a prefix comes first, so that a call's block precedes its callee and the callee precedes the rest of the caller. */
function compareKeys(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = a[index]! - b[index]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
