import type { CallContext, Node } from './explore.ts';
import type { LoopOrigin } from './state.ts';
import type { SymbolId } from './value.ts';

/*
 * Which states of the heads of the loops around it a state descends from: an immutable list, innermost first, that is compared and merged with states,
 * and by which turns are counted (termination.ts).
 */

/** Loops around a loop from which on it is not followed turn by turn anew for each of their states. */
const DEEP = 3;
const NO_SYMBOLS: ReadonlySet<SymbolId> = new Set();

/** The origin at one head. */
export function findOrigin(origins: LoopOrigin | undefined, head: number): LoopOrigin | undefined {
  for (let origin = origins; origin !== undefined; origin = origin.previous) if (origin.head === head) return origin;
  return undefined;
}

/** The origins without that of one head. */
export function outerOrigins(origins: LoopOrigin | undefined, head: number): LoopOrigin | undefined {
  if (origins === undefined) return undefined;
  if (origins.head === head) return outerOrigins(origins.previous, head);
  const previous = outerOrigins(origins.previous, head);
  return previous === origins.previous ? origins : { ...origins, previous };
}

/** Forgets loops that the target is not part of. */
export function leaveLoops(origins: LoopOrigin | undefined, node: Node, nodes: ReadonlyMap<number, Node>): LoopOrigin | undefined {
  if (origins === undefined) return undefined;
  const previous = leaveLoops(origins.previous, node, nodes);
  const head = nodes.get(origins.head)!;
  let inside = false;
  for (let context: CallContext | undefined = node.context; context !== undefined; context = context.parent) {
    if (context === head.context) {
      inside =
        context !== node.context || (node.block.order >= head.block.order && node.block.order <= Math.max(head.block.loopEnd, head.block.order));
      break;
    }
  }
  if (!inside) return previous;
  return previous === origins.previous ? origins : { ...origins, previous };
}

/** Without the question whether an iterator gave something: no later test answers it for a turn that has begun. */
export function settledOrigins(origins: LoopOrigin | undefined): LoopOrigin | undefined {
  if (origins === undefined) return undefined;
  const previous = settledOrigins(origins.previous);
  return previous === origins.previous && origins.advancing === 0 ? origins : { ...origins, advancing: 0, previous };
}

/** Whether the loop lies within so many that its turns cannot be followed for each state of all of them. */
export function isDeep(origins: LoopOrigin | undefined): boolean {
  let depth = 0;
  for (let origin = origins; origin !== undefined; origin = origin.previous) if (++depth >= DEEP) return true;
  return false;
}

/** Whether states of the first origins may fall under states of the second. */
export function sameOrigins(a: LoopOrigin | undefined, b: LoopOrigin | undefined): boolean {
  let x = a;
  let y = b;
  while (x !== y) {
    if (x === undefined || y === undefined || x.head !== y.head || x.state !== y.state) return false;
    if ((y.bounded && !x.bounded) || y.advancing !== x.advancing) return false;
    x = x.previous;
    y = y.previous;
  }
  return true;
}

/** Origins survive only where both sides come from the same state of the head. */
export function joinOrigins(a: LoopOrigin | undefined, b: LoopOrigin | undefined): LoopOrigin | undefined {
  if (a === b) return a;
  const chain: LoopOrigin[] = [];
  for (let origin = a; origin !== undefined; origin = origin.previous) {
    for (let other = b; other !== undefined; other = other.previous) {
      if (other.head !== origin.head || other.state !== origin.state) continue;
      const advancing = other.advancing === origin.advancing ? origin.advancing : 0;
      chain.push({ ...origin, bounded: origin.bounded && other.bounded, advancing });
    }
  }
  let result: LoopOrigin | undefined;
  for (let index = chain.length - 1; index >= 0; index--) result = { ...chain[index]!, previous: result };
  return result;
}

/** Symbols named by the states of the heads. */
export function originSymbols(a: LoopOrigin | undefined): ReadonlySet<SymbolId> {
  if (a === undefined) return NO_SYMBOLS;
  const symbols = new Set<SymbolId>();
  for (let origin: LoopOrigin | undefined = a; origin !== undefined; origin = origin.previous) origin.state.addSymbols(symbols);
  return symbols;
}

/** The loops that held the iterator when their turns began: it will be known by the `result` whether it gave something. */
export function advancingOrigins(origins: LoopOrigin | undefined, identity: number, result: number): LoopOrigin | undefined {
  if (origins === undefined) return undefined;
  const previous = advancingOrigins(origins.previous, identity, result);
  const holds = origins.state.frames.some(({ stack }) =>
    stack.cells.values().some(({ value }) => value.kind === 'object' && value.identity === identity),
  );
  if (!holds && previous === origins.previous) return origins;
  return { ...origins, ...(holds ? { advancing: result } : {}), previous };
}

/** What an iterator gave is known to be something (`gave`), or nothing. */
export function advancedOrigins(origins: LoopOrigin | undefined, identity: number, gave: boolean): LoopOrigin | undefined {
  if (origins === undefined) return undefined;
  const previous = advancedOrigins(origins.previous, identity, gave);
  if (origins.advancing === identity && identity !== 0) return { ...origins, bounded: origins.bounded || gave, advancing: 0, previous };
  return previous === origins.previous ? origins : { ...origins, previous };
}
