import type { Instruction, InstructionList } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { HelperPrototype } from '../platform/platform.ts';
import type { Block, ControlFlowGraph, FunctionGraph } from './cfg.ts';

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

  run(atBlock: Uint8Array[]): void {
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
    while (again) {
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

  private backward(entries: ReadonlyMap<number, Contents>, atBlock: Uint8Array[]): void {
    const size = this.facts.stackSize;
    const effects = new Map<number, Effect[]>();
    for (const id of this.graph.blocks) {
      const block = this.blocks[id]!;
      const contents = (entries.get(id) ?? new Array(11).fill(ANYWHERE)).slice();
      const list: Effect[] = [];
      for (let pc = block.start; pc <= block.last; ) {
        const instruction = this.instructions[pc]!;
        list.push(this.effect(instruction, contents));
        this.step(instruction, contents);
        pc += slotCount(instruction);
      }
      effects.set(id, list);
      atBlock[id] = new Uint8Array(size);
    }
    const predecessors = new Map<number, number[]>();
    for (const id of this.graph.blocks) {
      for (const successor of this.blocks[id]!.successors) {
        const list = predecessors.get(successor);
        if (list === undefined) predecessors.set(successor, [id]);
        else list.push(id);
      }
    }
    const work = [...this.graph.blocks].sort((a, b) => this.blocks[a]!.order - this.blocks[b]!.order);
    const queued = new Set(work);
    while (work.length > 0) {
      const id = work.pop()!;
      queued.delete(id);
      const live = new Uint8Array(size);
      for (const successor of this.blocks[id]!.successors) {
        const after = atBlock[successor]!;
        const words = new Uint32Array(live.buffer);
        const others = new Uint32Array(after.buffer);
        for (let word = 0; word < words.length; word++) words[word]! |= others[word]!;
      }
      const list = effects.get(id)!;
      for (let index = list.length - 1; index >= 0; index--) {
        const { reads, writes } = list[index]!;
        if (writes !== undefined) live.fill(0, clamp(writes[0] + size, size), clamp(writes[1] + size, size));
        for (const [from, to] of reads) live.fill(0xff, clamp(from + size, size), clamp(to + size, size));
      }
      const before = atBlock[id]!;
      let differs = false;
      for (let at = 0; at < size && !differs; at++) differs = live[at] !== before[at];
      if (!differs) continue;
      atBlock[id] = live;
      for (const predecessor of predecessors.get(id) ?? []) {
        if (queued.has(predecessor)) continue;
        queued.add(predecessor);
        work.push(predecessor);
      }
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
        return { reads: [], writes: undefined };
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
  const atBlock: Uint8Array[] = [];
  for (const fn of graph.functions.values()) new FunctionPass(instructions, graph.blocks, fn, facts).run(atBlock);
  return { atBlock: atBlock.map((live) => new Uint32Array(live.buffer)) };
}
