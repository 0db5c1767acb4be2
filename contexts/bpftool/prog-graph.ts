import type { Instruction } from '../../src/isa/instruction.ts';
import { fallsThrough, targetOf } from '../../src/isa/validate.ts';

/** An instruction of a dump: where it stands and what is printed of it. */
export interface GraphLine {
  readonly pc: number;
  readonly instruction: Instruction;
  /** `(b7) r0 = 1`. */
  readonly words: string;
}

interface Block {
  readonly lines: readonly GraphLine[];
  /** Slots at which control goes on; `exit` where it leaves the function. */
  readonly next: readonly (number | 'exit')[];
}

/** Nodes of the places where a function is entered and left; blocks are numbered from 2. */
const ENTRY = 0;
const EXIT = 1;
const FIRST_BLOCK = 2;

/** The control flow of a program in Graphviz's language, a cluster for every function: `prog dump xlated PROG visual`. */
export function programGraph(lines: readonly GraphLine[]): string {
  const called = lines.flatMap(({ pc, instruction }) => (isJump(instruction) ? [] : (targetOf(instruction, pc) ?? [])));
  return `digraph "DOT graph for eBPF program" {\n${splitAt(lines, called).map(cluster).join('')}}\n`;
}

function isJump({ kind }: Instruction): boolean {
  return kind === 'jump' || kind === 'branch' || kind === 'may_goto';
}

function blocksOf(lines: readonly GraphLine[]): readonly Block[] {
  const heads = lines.flatMap(({ pc, instruction }, index) =>
    isJump(instruction) ? [targetOf(instruction, pc)!, ...(fallsThrough(instruction) ? [lines[index + 1]?.pc ?? pc] : [])] : [],
  );
  const blocks = splitAt(lines, heads);
  return blocks.map((own, index) => ({ lines: own, next: successors(own.at(-1)!, blocks[index + 1]?.[0]?.pc) }));
}

function successors({ pc, instruction }: GraphLine, after: number | undefined): Block['next'] {
  if (instruction.kind === 'exit') return ['exit'];
  const through = after !== undefined && fallsThrough(instruction) ? [after] : [];
  return isJump(instruction) ? [...through, targetOf(instruction, pc)!] : through;
}

function cluster(lines: readonly GraphLine[], index: number): string {
  const blocks = blocksOf(lines);
  const start = lines[0]!.pc;
  const node = (number: number) => `fn_${index}_bb_${number}`;
  const numbers = new Map<number | 'exit', number>([['exit', EXIT], ...blocks.map((block, at) => [block.lines[0]!.pc, at + FIRST_BLOCK] as const)]);
  const end = (name: string, number: number) => `\t${node(number)} [shape=Mdiamond,style=filled,label="${name}"];\n\n`;
  const edge = (from: number, to: number, style = '"solid,bold", color=black, weight=10') =>
    `\t${node(from)}:s -> ${node(to)}:n [style=${style}, constraint=true];\n`;
  const edges = blocks.flatMap(({ next }, at) => next.map((slot) => edge(at + FIRST_BLOCK, numbers.get(slot) ?? EXIT)));
  return (
    `subgraph "cluster_${index}" {\n\tstyle="dashed";\n\tcolor="black";\n\tlabel="func_${index} ()";\n` +
    `${end('ENTRY', ENTRY)}${blocks.map((block, at) => `\t${node(at + FIRST_BLOCK)} ${record(block, start)}\n\n`).join('')}${end('EXIT', EXIT)}` +
    `${edge(ENTRY, FIRST_BLOCK)}${edges.join('')}${edge(ENTRY, EXIT, '"invis"')}}\n`
  );
}

/** A block's instructions, numbered from the start of their function. */
function record({ lines }: Block, start: number): string {
  const rows = lines.map(({ pc, words }) => `${String(pc - start).padStart(4)}: ${words.replace(/[<>|&"]/g, '\\$&')}\\l\\\n`);
  return `[shape=record,style=filled,label="{${rows.join(' | ')}}"];`;
}

/** The lines in pieces that begin at these slots; the first begins where the lines do. */
function splitAt(lines: readonly GraphLine[], slots: readonly number[]): readonly (readonly GraphLine[])[] {
  const starts = new Set(slots);
  const pieces: GraphLine[][] = [];
  for (const line of lines) {
    if (pieces.length === 0 || starts.has(line.pc)) pieces.push([line]);
    else pieces.at(-1)!.push(line);
  }
  return pieces;
}
