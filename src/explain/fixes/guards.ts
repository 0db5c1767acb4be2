import type { Branch, Instruction, Register } from '../../isa/instruction.ts';
import { constantValue } from '../../verifier/number/index.ts';
import { PACKET_SIZE, type Value } from '../../verifier/value.ts';
import { assignedAt, expressionAt } from '../expression.ts';
import { leaveCode, leavingWords, shortPacketWords } from './leave.ts';
import type { Proposal } from './proposal.ts';
import { addTo, load, move, type Site, store } from './site.ts';

type Comparison = Branch['comparison'];

/** `if (register cmp value) go on; else leave`. */
export function unless(
  site: Site,
  register: Register,
  comparison: Comparison,
  value: number | { readonly register: Register },
  width: 32 | 64 = 64,
): Instruction[] {
  const leave = leaveCode(site.leaving);
  const source = typeof value === 'number' ? ({ kind: 'immediate', value } as const) : ({ kind: 'register', register: value.register } as const);
  return [{ kind: 'branch', comparison, width, dst: register, source, offset: leave.length }, ...leave];
}

export function returnLine(site: Site): string {
  return `return ${site.leaving.name};`;
}

const NAME = /[A-Za-z_]\w*/;

/** The operators of C that assign: what they change stands before them. */
const ASSIGNS = /^(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)/;

/** The part of a line of C that an access is about, where line information has columns. */
function accessedText({ source, pc }: Site): string | undefined {
  const column = source.columnAt(pc);
  const text = source.at(pc)?.text;
  if (column === undefined || text === undefined) return undefined;
  const before = text.slice(0, column - 1);
  if (ASSIGNS.test(text.slice(column - 1))) return before.slice(Math.max(before.lastIndexOf(';'), before.lastIndexOf('{')) + 1);
  const span = expressionAt(text, column);
  return span === undefined ? undefined : text.slice(span.start, span.start + span.length);
}

/** The pointer that a line of C goes through: `v` of `*v += 1`, `v->b[i]`, `*y = *x`. */
export function pointerName(site: Site): string | undefined {
  const { line, instruction } = site;
  const writes = instruction.kind === 'store' || instruction.kind === 'atomic';
  const sides = line.replace(/^return\b/, '').split(/(?<![=!<>])=(?!=)/);
  for (const side of [accessedText(site) ?? '', ...(writes ? sides : sides.reverse())]) {
    const arrow = new RegExp(`(${NAME.source})\\s*(?:->|\\[)`).exec(side);
    const star = new RegExp(`\\*\\s*(${NAME.source})`).exec(side);
    // `*((unsigned char *)tcp + i)`
    const cast = new RegExp(`^[^=]*\\*\\s*\\(.*\\*\\s*\\)\\s*(${NAME.source})`).exec(side);
    const name = cast?.[1] ?? arrow?.[1] ?? star?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The variable that took what a call returned, where that is what the register holds and the failing line speaks of it. */
function resultName(site: Site, from: Register): string | undefined {
  let register = from;
  for (const slot of site.before(site.pc)) {
    const instruction = site.machine.instruction(slot);
    if (instruction.kind === 'call' || instruction.kind === 'call_btf') {
      if (register > 5) continue;
      const column = site.source.columnAt(slot);
      const name = register !== 0 || column === undefined ? undefined : assignedAt(site.source.at(slot)?.text ?? '', column);
      return name !== undefined && new RegExp(`\\b${name}\\b`).test(site.line) ? name : undefined;
    }
    if (instruction.kind !== 'binary' || instruction.dst !== register) continue;
    if (instruction.operator !== 'mov' || instruction.source.kind !== 'register') return undefined;
    register = instruction.source.register;
  }
  return undefined;
}

/** The array element that a line of C accesses: `p[i]` of `sum += p[i]`, the side of an assignment that is read or written. */
function accessedElement({ line, instruction }: Site): string | undefined {
  const sides = line.replace(/^for\s*\([^)]*\)/, '').split(/(?<![=!<>])=(?!=)/);
  const side = instruction.kind === 'store' || instruction.kind === 'atomic' ? sides[0] : sides.at(-1);
  return /[A-Za-z_]\w*\[[^\]]+\]/.exec(side ?? '')?.[0];
}

// --- null --------------------------------------------------------------------------------------------------------------------------------

/** A test for null before the use, or right after the calls that may return it. */
export function* nullChecks(site: Site): Generator<Proposal> {
  const { register, pc } = site;
  if (register === undefined) return;
  const name = resultName(site, register) ?? pointerName(site) ?? 'p';
  const base = {
    pattern: 'null_check',
    title: `Test ${name === 'p' ? `r${register}` : name} for null before it is used`,
    c: [`if (!${name}) ${returnLine(site)}`],
    effect: `When nothing is found, ${leavingWords(site.leaving)}.`,
    changesBehaviour: false,
  } as const;
  yield { ...base, edits: [{ at: pc, insert: unless(site, register, 'ne', 0) }] };
  for (const slot of site.before(pc)) {
    const instruction = site.machine.instruction(slot);
    // Right behind the call the two are one.
    if (instruction.kind !== 'call' || slot + 1 === pc) continue;
    const returns = site.machine.findHelper(instruction.helper)?.returns;
    if (returns === undefined || !('nullable' in returns) || !returns.nullable) continue;
    yield {
      ...base,
      title: `Test the result of the call at instruction ${slot} for null`,
      edits: [{ at: slot + 1, insert: unless(site, 0, 'ne', 0) }],
    };
  }
}

// --- packets -----------------------------------------------------------------------------------------------------------------------------

interface PacketEnd {
  /** A register that holds it already. */
  readonly held?: Register;
  /** Makes the packet's end stand in the register. */
  readonly code: (into: Register) => readonly Instruction[];
  /** What has to be done where the function begins for it. */
  readonly entry: readonly Instruction[];
}

/** A way to the packet's end at the failing instruction: a register that holds it, the context, or the context saved where the function begins. */
export function packetEnd(site: Site): PacketEnd | undefined {
  const field = site.machine.rules.context.fields.find(({ kind }) => kind === 'packet_end');
  if (field === undefined) return undefined;
  const size = field.size === 4 ? 4 : 8;
  const registers = site.finding.state.registers;
  const has = (test: (value: Value) => boolean) => registers.findIndex((value) => value !== undefined && test(value)) as Register | -1;
  const end = has((value) => value.kind === 'packet' && value.symbol === PACKET_SIZE && value.offset === 0);
  if (end >= 0) return { held: end as Register, code: (into) => [move(into, end as Register)], entry: [] };
  const context = has((value) => value.kind === 'ctx' && constantValue(value.range) === 0);
  if (context >= 0) return { code: (into) => [load(into, context as Register, field.offset, size)], entry: [] };
  const { savedContext, contextArgument } = site;
  const place = savedContext ?? (contextArgument === undefined ? undefined : site.freeStack(1)?.[0]);
  if (place === undefined) return undefined;
  return {
    code: (into) => [load(into, 10, place, 8), load(into, into, field.offset, size)],
    entry: savedContext !== undefined || contextArgument === undefined ? [] : [store(10, place, contextArgument)],
  };
}

/** Bytes from the pointer that an access needs. */
function needed(site: Site): { readonly register: Register; readonly bytes: number } | undefined {
  const { register } = site;
  const { displacement = 0, width } = site.finding.details;
  return register === undefined || typeof width !== 'number' ? undefined : { register, bytes: displacement + width };
}

/** A comparison with data_end, exactly as long as the accesses behind it need. */
export function* packetChecks(site: Site): Generator<Proposal> {
  const access = needed(site);
  const end = packetEnd(site);
  if (access === undefined || end === undefined) return;
  const [other, spare] = site.freeRegisters(site.pc).filter((register) => register !== access.register && register !== end.held);
  const limit = end.held ?? spare;
  if (limit === undefined || other === undefined) return;
  const { register } = access;
  // In a loop the pointer of one turn says nothing of the next one's, and other paths may come with another one.
  const offsets = site.inLoop ? [] : [...new Set(site.constantOffsets(site.pc, register))];
  const offset = offsets.length === 1 && !Number.isNaN(offsets[0]) ? offsets[0] : undefined;
  const element = accessedElement(site);
  const name = element === undefined ? pointerName(site) : `&${element}`;
  const propose = (bytes: number): Proposal => {
    const total = offset === undefined ? undefined : offset + bytes;
    const test = total === undefined ? `${elementEnd(site, name, bytes)} > data_end` : `data + ${total} > data_end`;
    return {
      pattern: 'packet_check',
      title:
        total === undefined
          ? `Check that the packet goes as far as ${name === undefined ? `${byteWords(bytes)} behind the pointer` : `${name.startsWith('&') ? name.slice(1) : `what ${name} points to`}`}`
          : `Check that the packet has ${total} ${total === 1 ? 'byte' : 'bytes'}`,
      edits: [
        ...(end.entry.length === 0 ? [] : [{ at: site.range.start, insert: end.entry }]),
        {
          at: site.pc,
          insert: [
            ...(end.held === undefined ? end.code(limit) : []),
            move(other, register),
            addTo(other, bytes),
            ...unless(site, other, 'le', { register: limit }),
          ],
        },
      ],
      c: [`if (${test}) ${returnLine(site)}`],
      effect: `A packet that is too short ${shortPacketWords(site.leaving)}.`,
      changesBehaviour: false,
      widen(again) {
        const more = again.check.kind === 'packet_upper' ? Number(again.distance?.amount ?? 0) : 0;
        return more > 0 && bytes + more < MAX_CHECK ? propose(bytes + more) : undefined;
      },
    };
  };
  yield propose(access.bytes);
}

const byteWords = (count: number) => (count === 1 ? '1 byte' : `${count} bytes`);

/** C for the end of what is accessed through a pointer: the compiler may have moved constants between the pointer and the access. */
function elementEnd({ line }: Site, name: string | undefined, bytes: number): string {
  if (name === undefined) return `(void *)p + ${bytes}`;
  if (name.startsWith('&')) return `(void *)(${name} + 1)`;
  return new RegExp(`\\b${name}\\s*\\[`).test(line) ? `(void *)${name} + ${bytes}` : `(void *)(${name} + 1)`;
}

/** Longest check that is proposed, in bytes. */
const MAX_CHECK = 4096;
