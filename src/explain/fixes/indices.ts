import type { Register } from '../../isa/instruction.ts';
import { constantValue } from '../../verifier/number/index.ts';
import type { Value } from '../../verifier/value.ts';
import { returnLine, unless } from './guards.ts';
import type { Proposal } from './proposal.ts';
import { type Site, set } from './site.ts';

/** The place where an index is added to a pointer. */
interface Indexing {
  readonly at: number;
  readonly index: Register;
  /** Constant distance of the accessed byte from pointer + index. */
  readonly distance: number;
  /** The index was shifted left by so much to count bytes. */
  readonly shift: number;
}

/** Walks back from the access to the addition of a variable to its pointer. */
function findIndexing(site: Site): Indexing | undefined {
  let pointer = site.register;
  if (pointer === undefined) return undefined;
  let distance = site.finding.details.displacement ?? 0;
  let found: { at: number; index: Register } | undefined;
  let shift = 0;
  for (const at of site.before(site.pc)) {
    const instruction = site.machine.instruction(at);
    if (found !== undefined) {
      if (instruction.kind === 'binary' && instruction.dst === found.index) {
        if (instruction.operator === 'lsh' && instruction.source.kind === 'immediate' && instruction.source.value < 16)
          shift = instruction.source.value;
        break;
      }
      continue;
    }
    if (instruction.kind === 'binary' && instruction.dst === pointer) {
      const { operator, source, width } = instruction;
      if (width !== 64) return undefined;
      if (operator === 'add' && source.kind === 'immediate') distance += source.value;
      else if (operator === 'add' && source.kind === 'register') {
        const added = baseOf(site, at, pointer) ? source.register : pointer;
        found = { at, index: added };
      } else if (operator === 'mov' && source.kind === 'register') pointer = source.register;
      else return undefined;
    } else if ((instruction.kind === 'load' || instruction.kind === 'lddw') && instruction.dst === pointer) return undefined;
  }
  return found === undefined ? undefined : { ...found, distance, shift };
}

/** Whether at `at` the destination is the pointer, and not the number that is added to it: looks for what made it. */
function baseOf(site: Site, at: number, register: Register): boolean {
  for (const slot of site.before(at)) {
    const instruction = site.machine.instruction(slot);
    if ((instruction.kind === 'call' || instruction.kind === 'call_local') && register === 0) return true;
    if (instruction.kind === 'binary' && instruction.dst === register) {
      if (instruction.operator === 'mov' && instruction.source.kind === 'register')
        return instruction.source.register === 10 || baseOf(site, slot, instruction.source.register);
      if (instruction.operator === 'add') continue;
      return false;
    }
    if (instruction.kind === 'load' && instruction.dst === register) return instruction.size === 8;
    if (instruction.kind === 'lddw' && instruction.dst === register) return instruction.source !== 'immediate';
  }
  return true;
}

/** Bytes from a region's start to its end, and where a pointer without its variable part stands in it. */
function regionOf(site: Site, value: Value): { readonly size: number; readonly start: number } | undefined {
  if (value.kind === 'map_value') return { size: site.machine.map(value.tag)?.valueSize ?? 0, start: 0 };
  if (value.kind === 'memory') return { size: site.machine.memory(value.tag).size, start: 0 };
  return undefined;
}

/** The expression in brackets that indexes on a line of C. */
function indexName(site: Site): string | undefined {
  // `buffer + pos` as an argument of a helper.
  const added = /\+\s*([A-Za-z_]\w*)$/.exec(site.argument(site.register ?? 0) ?? '')?.[1];
  return added ?? /\[\s*([A-Za-z_][\w.>-]*)\s*\]/.exec(site.line)?.[1];
}

/** A bound on the index: a comparison that leaves, or a mask that wraps. */
export function* indexChecks(site: Site): Generator<Proposal> {
  const indexing = findIndexing(site);
  const { register } = site;
  const { width } = site.finding.details;
  const value = register === undefined ? undefined : site.value(register);
  if (indexing === undefined || value === undefined || typeof width !== 'number') return;
  const { at, index, distance, shift } = indexing;
  const region = regionOf(site, value);
  // On the stack the room is what lies above the array's first byte, which the constant part of the address names.
  const room = region === undefined ? (value.kind === 'stack' ? stackRoom(site, at, index) : undefined) : region.size - region.start;
  if (room === undefined) return;
  const most = room - distance - width;
  if (most < 0) return;
  const name = indexName(site);
  const elements = most >> shift;
  const shown = name ?? 'index';
  const unit = name === undefined || shift === 0 ? '' : ` (${most} bytes)`;
  yield {
    pattern: 'index_check',
    title: `Leave when ${shown} is above ${elements}${unit}, with a 64-bit comparison`,
    edits: [{ at, insert: unless(site, index, 'le', most) }],
    c: [`__u64 checked = ${shown};`, 'asm volatile("" : "+r"(checked));', `if (checked > ${elements}) ${returnLine(site)}`],
    effect: `An index out of range ends the program with ${site.leaving.name}; those in range do what they did.`,
    changesBehaviour: false,
  };
  if (((most + 1) & most) === 0 && most > 0) {
    yield {
      pattern: 'index_mask',
      title: `Mask ${shown} with ${elements}`,
      edits: [{ at, insert: [{ kind: 'binary', operator: 'and', width: 64, dst: index, source: { kind: 'immediate', value: most } }] }],
      c: [`${shown} &= ${elements};`],
      effect: 'An index out of range wraps around to one in range instead of ending the program.',
      changesBehaviour: false,
    };
  }
  yield* widerCompare(site, at, index);
}

function stackRoom(site: Site, at: number, index: Register): number | undefined {
  const instruction = site.machine.instruction(at);
  if (instruction.kind !== 'binary') return undefined;
  const base = instruction.dst === index ? undefined : instruction.dst;
  if (base === undefined) return undefined;
  let offset = 0;
  let register: Register = base;
  for (const slot of site.before(at)) {
    const step = site.machine.instruction(slot);
    if (step.kind !== 'binary' || step.dst !== register) continue;
    if (step.operator === 'add' && step.source.kind === 'immediate') offset += step.source.value;
    else if (step.operator === 'mov' && step.source.kind === 'register') {
      register = step.source.register;
      if (register === 10) return -offset;
    } else return undefined;
  }
  return undefined;
}

/** A 32-bit comparison that was meant for the whole register. */
function* widerCompare(site: Site, at: number, index: Register): Generator<Proposal> {
  for (const slot of site.before(at)) {
    const instruction = site.machine.instruction(slot);
    if (instruction.kind === 'branch' && instruction.width === 32 && instruction.dst === index) {
      yield {
        pattern: 'wide_compare',
        title: `Make the comparison at instruction ${slot} a 64-bit one`,
        edits: [{ at: slot, replace: { ...instruction, width: 64 } }],
        c: [`__u64 ${indexName(site) ?? 'index'};  /* and asm volatile("" : "+r"(${indexName(site) ?? 'index'})); before the test */`],
        effect: 'Numbers whose low half alone is in range are refused as well.',
        changesBehaviour: false,
      };
    }
    if ('dst' in instruction && instruction.dst === index && instruction.kind !== 'branch' && instruction.kind !== 'store') return;
  }
}

/** Bytes that a helper may touch from its buffer on. */
function capacity(site: Site, value: Value | undefined): number | undefined {
  if (value === undefined) return undefined;
  const offset = constantValue(value.range);
  if (offset === undefined) return undefined;
  if (value.kind === 'stack') return -Number(offset);
  const region = regionOf(site, value);
  return region === undefined ? undefined : region.size - Number(offset);
}

/** A size argument in range. */
export function* sizeChecks(site: Site): Generator<Proposal> {
  const { register, pc } = site;
  if (register === undefined || site.instruction.kind !== 'call') return;
  const prototype = site.machine.findHelper(site.instruction.helper);
  const sizes = new Set(['size', 'size_or_zero']);
  const at = sizes.has(prototype?.arguments[register - 1]?.kind ?? '')
    ? register
    : sizes.has(prototype?.arguments[register]?.kind ?? '')
      ? register + 1
      : undefined;
  if (prototype === undefined || at === undefined) return;
  const room = capacity(site, site.value(at - 1));
  const size = at as Register;
  const zero = prototype.arguments[at - 1]!.kind === 'size';
  const nonzero = zero ? unless(site, size, 'ne', 0) : [];
  const name = /^\w+$/.exec(site.argument(at) ?? '')?.[0] ?? 'size';
  const shown = name === 'size' ? 'the size' : name;
  const effect = `A size out of range ends the program with ${site.leaving.name}.`;
  if (room !== undefined && room <= 0) return;
  const passed = site.value(size);
  if (room !== undefined && passed?.kind === 'number' && constantValue(passed.range) !== undefined) {
    yield {
      pattern: 'size_check',
      title: `Pass ${room} as argument ${size}, the size of the buffer`,
      edits: [{ at: pc, insert: [set(size, room)] }],
      c: [`${prototype.name}(...${room}...);   /* or sizeof the buffer */`],
      effect: 'The helper touches no more than the buffer.',
      changesBehaviour: false,
    };
    return;
  }
  if (zero) {
    yield {
      pattern: 'size_check',
      title: `Leave when ${shown} is 0`,
      edits: [{ at: pc, insert: nonzero }],
      c: [`if (${name} == 0) ${returnLine(site)}`],
      effect,
      changesBehaviour: false,
    };
  }
  if (room === undefined) return;
  yield {
    pattern: 'size_check',
    title: `Leave when ${shown} is ${zero ? '0 or ' : ''}above ${room}`,
    edits: [{ at: pc, insert: [...nonzero, ...unless(site, size, 'le', room)] }],
    c: [`if (${zero ? `${name} == 0 || ` : ''}(__u64)${name} > ${room}) ${returnLine(site)}`],
    effect,
    changesBehaviour: false,
  };
}

/** A divisor that is not 0. */
export function* divisorChecks(site: Site): Generator<Proposal> {
  const { register, pc, instruction } = site;
  if (register === undefined || instruction.kind !== 'binary') return;
  yield {
    pattern: 'divisor_check',
    title: `Leave when the divisor is 0`,
    edits: [{ at: pc, insert: unless(site, register, 'ne', 0, instruction.width) }],
    c: [`if (divisor == 0) ${returnLine(site)}`],
    effect: `A divisor of 0 ends the program with ${site.leaving.name}, where it gave 0 before.`,
    changesBehaviour: true,
  };
}
