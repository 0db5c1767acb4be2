import type { Instruction, InstructionList } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { HelperPrototype } from '../platform/platform.ts';
import type { Block, ControlFlowGraph, FunctionGraph } from './cfg.ts';
import { addRange, removeRange, toMask, wordsFor } from './frame-bytes.ts';

/**
 * Which bytes of a function's own frame may still be read, found without running anything: a forward pass finds out which registers may hold
 * addresses in the frame, a backward pass which bytes are read before they are overwritten. Bytes nobody reads need not be kept apart.
 */
export interface StackLiveness {
  /** Four frame bytes per word, 0xff = may be read; byte 0 is the lowest address. */
  readonly atBlock: readonly Uint32Array[];
}

/** What a register may hold, as far as the frame is concerned. */
type Content =
  | { readonly kind: 'other' }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'map'; readonly index: number }
  | { readonly kind: 'frame'; readonly offsets: readonly number[] }
  | { readonly kind: 'anywhere' };

const OTHER: Content = { kind: 'other' };
const ANYWHERE: Content = { kind: 'anywhere' };
const MAX_OFFSETS = 6;

export interface StackFacts {
  readonly stackSize: number;
  readonly findHelper: (id: number) => HelperPrototype | undefined;
  readonly findKfunc: (id: number) => HelperPrototype | undefined;
  readonly keySize: (map: number) => number | undefined;
  readonly valueSize: (map: number) => number | undefined;
}

type Contents = Content[];

function joinContents(a: Content, b: Content): Content {
  if (a === b) return a;
  if (a.kind === 'frame' && b.kind === 'frame') {
    const offsets = [...new Set([...a.offsets, ...b.offsets])].sort((x, y) => x - y);
    if (offsets.length === a.offsets.length) return a;
    return offsets.length > MAX_OFFSETS ? ANYWHERE : { kind: 'frame', offsets };
  }
  if (a.kind === 'anywhere' || b.kind === 'anywhere') return ANYWHERE;
  // Only a register that certainly holds one address lets a store end a byte's life.
  if (a.kind === 'frame' || b.kind === 'frame') return ANYWHERE;
  if (a.kind === 'constant' && b.kind === 'constant' && a.value === b.value) return a;
  if (a.kind === 'map' && b.kind === 'map' && a.index === b.index) return a;
  return OTHER;
}

function sameContent(a: Content, b: Content): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  if (a.kind === 'frame' && b.kind === 'frame')
    return a.offsets.length === b.offsets.length && a.offsets.every((offset, i) => offset === b.offsets[i]);
  if (a.kind === 'constant' && b.kind === 'constant') return a.value === b.value;
  return a.kind === 'map' && b.kind === 'map' ? a.index === b.index : true;
}

/** Bytes read and certainly overwritten by one instruction, as [from, to) relative to the frame pointer. */
interface Effect {
  readonly reads: readonly (readonly [number, number])[];
  readonly writes: readonly [number, number] | undefined;
}

const NO_EFFECT: Effect = { reads: [], writes: undefined };

/** Rounds over a function after which its registers are no longer told apart; few functions take more than three. */
const MAX_ROUNDS = 64;

class FunctionPass {
  private readonly instructions: InstructionList;
  private readonly blocks: readonly Block[];
  private readonly graph: FunctionGraph;
  private readonly facts: StackFacts;
  /** Contents that slots of the frame may hold, by offset; anything stored at an unknown place goes to every slot. */
  private readonly slots = new Map<number, Content>();
  private everywhere: Content = OTHER;
  private changed = false;

  constructor(instructions: InstructionList, blocks: readonly Block[], graph: FunctionGraph, facts: StackFacts) {
    this.instructions = instructions;
    this.blocks = blocks;
    this.graph = graph;
    this.facts = facts;
  }

  run(atBlock: Uint32Array[]): void {
    const entries = this.forward();
    this.backward(entries, atBlock);
  }

  private forward(): Map<number, Contents> {
    const order = [...this.graph.blocks].sort((a, b) => this.blocks[a]!.order - this.blocks[b]!.order);
    const entries = new Map<number, Contents>();
    const initial: Contents = new Array(11).fill(OTHER);
    initial[10] = { kind: 'frame', offsets: [0] };
    // Arguments may point into the callers' frames, which are not this one: other.
    entries.set(this.graph.entry, initial);
    let again = true;
    for (let round = 0; again; round++) {
      if (round === MAX_ROUNDS) {
        this.everywhere = ANYWHERE;
        return new Map();
      }
      again = false;
      this.changed = false;
      for (const id of order) {
        const entry = entries.get(id);
        if (entry === undefined) continue;
        const block = this.blocks[id]!;
        const contents = entry.slice();
        for (let pc = block.start; pc <= block.last; ) {
          const instruction = this.instructions[pc]!;
          this.step(instruction, contents);
          pc += slotCount(instruction);
        }
        for (const successor of block.successors) {
          const known = entries.get(successor);
          if (known === undefined) {
            entries.set(successor, contents.slice());
            again = true;
            continue;
          }
          for (let r = 0; r < 10; r++) {
            const joined = joinContents(known[r]!, contents[r]!);
            if (!sameContent(joined, known[r]!)) {
              known[r] = joined;
              again = true;
            }
          }
        }
      }
      if (this.changed) again = true;
    }
    return entries;
  }

  /** Replaces the contents by those after the instruction. */
  private step(instruction: Instruction, contents: Contents): void {
    switch (instruction.kind) {
      case 'binary': {
        const { dst, operator, source, width } = instruction;
        const operand = source.kind === 'register' ? contents[source.register]! : ({ kind: 'constant', value: source.value } as const);
        if (operator === 'mov') {
          contents[dst] = width === 64 || operand.kind === 'constant' ? operand : mayPoint(operand) ? ANYWHERE : OTHER;
          return;
        }
        const target = contents[dst]!;
        if ((operator === 'add' || operator === 'sub') && width === 64 && target.kind === 'frame' && operand.kind === 'constant') {
          const delta = operator === 'add' ? operand.value : -operand.value;
          contents[dst] = { kind: 'frame', offsets: target.offsets.map((offset) => offset + delta) };
          // A pointer that moves in a loop would never settle.
          if (target.offsets.some((offset) => Math.abs(offset + delta) > 2 * this.facts.stackSize)) contents[dst] = ANYWHERE;
          return;
        }
        contents[dst] = mayPoint(target) || mayPoint(operand) ? ANYWHERE : OTHER;
        return;
      }
      case 'movsx':
      case 'cast':
        contents[instruction.dst] = mayPoint(contents[instruction.src]!) ? ANYWHERE : OTHER;
        return;
      case 'negate':
      case 'swap':
        contents[instruction.dst] = mayPoint(contents[instruction.dst]!) ? ANYWHERE : OTHER;
        return;
      case 'lddw':
        contents[instruction.dst] = instruction.source === 'map_fd' ? { kind: 'map', index: instruction.low } : OTHER;
        return;
      case 'load':
      case 'load_acquire': {
        const address = contents[instruction.src]!;
        contents[instruction.dst] = !mayPoint(address) ? OTHER : this.slotContent(address, instruction.offset);
        return;
      }
      case 'store':
        if (instruction.source.kind === 'register') this.keep(contents[instruction.dst]!, instruction.offset, contents[instruction.source.register]!);
        return;
      case 'store_release':
        this.keep(contents[instruction.dst]!, instruction.offset, contents[instruction.src]!);
        return;
      case 'atomic':
        if (instruction.fetch) contents[instruction.operator === 'cmpxchg' ? 0 : instruction.src] = OTHER;
        return;
      case 'call':
      case 'call_btf':
      case 'callx':
      case 'call_local':
      case 'packet': {
        // A subprogram may return a pointer that it was given.
        const passed = instruction.kind === 'call_local' && [1, 2, 3, 4, 5].some((r) => mayPoint(contents[r]!));
        for (let r = 0; r <= 5; r++) contents[r] = OTHER;
        if (passed) {
          contents[0] = ANYWHERE;
          this.keepEverywhere(ANYWHERE);
        }
        return;
      }
      default:
        return;
    }
  }

  private slotContent(address: Content, displacement: number): Content {
    if (address.kind !== 'frame') return joinAll([this.everywhere, ...this.slots.values()]);
    let content = this.everywhere;
    for (const offset of address.offsets) {
      const at = offset + displacement;
      for (let near = at - 7; near < at + 8; near++) {
        const slot = this.slots.get(near);
        if (slot !== undefined) content = joinContents(near === at ? slot : mayPoint(slot) ? ANYWHERE : OTHER, content);
      }
    }
    return content;
  }

  /** Remembers that an address of the frame is stored; only such contents matter. */
  private keep(address: Content, displacement: number, content: Content): void {
    if (!mayPoint(content)) return;
    if (address.kind !== 'frame') {
      // Stored somewhere else (or nowhere known): whatever is loaded later may be it.
      this.keepEverywhere(content);
      return;
    }
    for (const offset of address.offsets) {
      const at = offset + displacement;
      const known = this.slots.get(at);
      const joined = known === undefined ? content : joinContents(known, content);
      if (known === undefined || !sameContent(joined, known)) {
        this.slots.set(at, joined);
        this.changed = true;
      }
    }
  }

  private keepEverywhere(content: Content): void {
    const joined = this.everywhere.kind === 'other' ? content : joinContents(this.everywhere, content);
    if (sameContent(joined, this.everywhere)) return;
    this.everywhere = joined;
    this.changed = true;
  }

  /** Which bytes may be read before they are overwritten, as a mask at the start of each block. */
  private backward(entries: ReadonlyMap<number, Contents>, atBlock: Uint32Array[]): void {
    const size = this.facts.stackSize;
    const words = wordsFor(size);
    const ids = this.graph.blocks;
    const first = ids[0]!;
    // What each block reads before it writes, what it certainly writes, and what is live at its start.
    const reads = new Uint32Array(ids.length * words);
    const writes = new Uint32Array(ids.length * words);
    const live = new Uint32Array(ids.length * words);
    for (const id of ids) this.summarise(this.blocks[id]!, entries.get(id), reads, writes, (id - first) * words);
    live.set(reads);
    const order = [...ids].sort((a, b) => this.blocks[b]!.order - this.blocks[a]!.order);
    for (let changed = true; changed; ) {
      changed = false;
      for (const id of order) {
        const base = (id - first) * words;
        for (const successor of this.blocks[id]!.successors) {
          const after = (successor - first) * words;
          for (let word = 0; word < words; word++) {
            const known = live[base + word]!;
            const more = (known | (live[after + word]! & ~writes[base + word]!)) >>> 0;
            if (more === known) continue;
            live[base + word] = more;
            changed = true;
          }
        }
      }
    }
    for (const id of order) {
      const base = (id - first) * words;
      // Most blocks are like one they lead to, or like none of it matters.
      const same = this.blocks[id]!.successors.find(
        (successor) => atBlock[successor] !== undefined && alike(live, base, (successor - first) * words, words),
      );
      atBlock[id] = same === undefined ? toMask(live, base, size) : atBlock[same]!;
    }
  }

  /** Composes what the block's instructions read and overwrite. */
  private summarise(block: Block, entry: Contents | undefined, reads: Uint32Array, writes: Uint32Array, base: number): void {
    const size = this.facts.stackSize;
    const contents = (entry ?? new Array(11).fill(ANYWHERE)).slice();
    const effects: Effect[] = [];
    for (let pc = block.start; pc <= block.last; ) {
      const instruction = this.instructions[pc]!;
      const effect = this.effect(instruction, contents);
      if (effect !== NO_EFFECT) effects.push(effect);
      this.step(instruction, contents);
      pc += slotCount(instruction);
    }
    for (let index = effects.length - 1; index >= 0; index--) {
      const effect = effects[index]!;
      if (effect.writes !== undefined) {
        const from = clamp(effect.writes[0] + size, size);
        const to = clamp(effect.writes[1] + size, size);
        addRange(writes, base, from, to);
        removeRange(reads, base, from, to);
      }
      for (const [from, to] of effect.reads) addRange(reads, base, clamp(from + size, size), clamp(to + size, size));
    }
  }

  private effect(instruction: Instruction, contents: Contents): Effect {
    switch (instruction.kind) {
      case 'load':
      case 'load_acquire':
        return { reads: this.range(contents[instruction.src]!, instruction.offset, instruction.size), writes: undefined };
      case 'store':
      case 'store_release': {
        const address = contents[instruction.dst]!;
        const only = address.kind === 'frame' && address.offsets.length === 1 ? address.offsets[0]! + instruction.offset : undefined;
        return { reads: [], writes: only === undefined ? undefined : [only, only + instruction.size] };
      }
      case 'atomic':
        return { reads: this.range(contents[instruction.dst]!, instruction.offset, instruction.size), writes: undefined };
      case 'call':
        return this.callEffect(this.facts.findHelper(instruction.helper), contents);
      case 'call_btf':
        return this.callEffect(this.facts.findKfunc(instruction.btfId), contents);
      case 'callx':
      case 'call_local':
        return {
          reads: [1, 2, 3, 4, 5].some((r) => mayPoint(contents[r]!)) || this.everywhere.kind !== 'other' ? [this.whole()] : [],
          writes: undefined,
        };
      default:
        return NO_EFFECT;
    }
  }

  private whole(): readonly [number, number] {
    return [-this.facts.stackSize, 0];
  }

  private range(address: Content, displacement: number, width: number): (readonly [number, number])[] {
    if (!mayPoint(address)) return [];
    if (address.kind !== 'frame') return [this.whole()];
    return address.offsets.map((offset) => [offset + displacement, offset + displacement + width] as const);
  }

  private callEffect(prototype: HelperPrototype | undefined, contents: Contents): Effect {
    if (prototype === undefined || prototype.callback !== undefined) {
      return { reads: [1, 2, 3, 4, 5].some((r) => mayPoint(contents[r]!)) ? [this.whole()] : [], writes: undefined };
    }
    const reads: (readonly [number, number])[] = [];
    let map: Content = OTHER;
    for (let index = 0; index < prototype.arguments.length; index++) {
      const argument = prototype.arguments[index]!;
      const content = contents[index + 1]!;
      if (argument.kind === 'map') map = content;
      if (!mayPoint(content)) continue;
      const width = this.argumentWidth(argument.kind, argument.size, map, contents[index + 2]);
      // A buffer that is only written is not read; what it held before may survive, so nothing is killed either.
      if (
        argument.constructs === true ||
        argument.kind === 'memory_write' ||
        argument.kind === 'map_value_out' ||
        (argument.kind === 'fixed_write' && argument.initialized !== true)
      )
        continue;
      if (width === undefined) reads.push(this.whole());
      else reads.push(...this.range(content, 0, width));
    }
    return { reads, writes: undefined };
  }

  private argumentWidth(kind: string, fixed: number | undefined, map: Content, next: Content | undefined): number | undefined {
    if (kind === 'map_key') return map.kind === 'map' ? this.facts.keySize(map.index) : undefined;
    if (kind === 'map_value') return map.kind === 'map' ? this.facts.valueSize(map.index) : undefined;
    if (kind === 'fixed_read' || kind === 'fixed_write') return fixed ?? 8;
    if (kind === 'memory_read' || kind === 'memory_readwrite') return next?.kind === 'constant' && next.value >= 0 ? next.value : undefined;
    if (kind === 'dynptr') return 16;
    if (kind === 'iterator') return fixed ?? 8;
    return undefined;
  }
}

function mayPoint(content: Content): boolean {
  return content.kind === 'frame' || content.kind === 'anywhere';
}

function joinAll(contents: readonly Content[]): Content {
  return contents.reduce(joinContents);
}

function alike(sets: Uint32Array, a: number, b: number, words: number): boolean {
  for (let word = 0; word < words; word++) if (sets[a + word] !== sets[b + word]) return false;
  return true;
}

function clamp(at: number, size: number): number {
  return Math.min(Math.max(at, 0), size);
}

/** Larger graphs are not worth the memory: all bytes count as live. */
const MAX_BLOCKS = 20_000;

/** Stack liveness of every function of the graph. */
export function computeStackLiveness(instructions: InstructionList, graph: ControlFlowGraph, facts: StackFacts): StackLiveness {
  if (graph.blocks.length > MAX_BLOCKS) {
    const all = new Uint32Array(facts.stackSize >> 2).fill(0xffff_ffff);
    return { atBlock: graph.blocks.map(() => all) };
  }
  const atBlock: Uint32Array[] = [];
  for (const fn of graph.functions.values()) new FunctionPass(instructions, graph.blocks, fn, facts).run(atBlock);
  return { atBlock };
}
