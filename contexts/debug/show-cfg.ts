import { instructionText } from '../../src/explain/instruction-text.ts';
import { type Coverage, type CoveredBlock, coverageSteps } from '../../src/explain/queries/coverage.ts';
import { sliceBackSteps } from '../../src/explain/queries/slice.ts';
import { type DebugSession, NOTHING_EXPLORED } from '../../src/explain/session.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { patiently } from './judge.ts';
import { readPlace } from './places.ts';
import { count } from './render.ts';

interface Graph {
  readonly name: string;
  readonly coverage: Coverage;
  /** The instructions that are shown, by slot. */
  readonly texts: ReadonlyMap<number, string>;
  /** Source lines that blocks begin in, by their first slot. */
  readonly lines: ReadonlyMap<number, number>;
  /** Slots of the slice that was asked for. */
  readonly slice: ReadonlySet<number>;
  readonly format: 'text' | 'json' | 'dot';
}

export const command = defineCommand({
  tags: [
    { name: 'slice', type: 'string', named: true, placeholder: 'register|fp-N', help: 'Marks the instructions that the place comes from with "*".' },
    {
      name: 'format',
      type: ['text', 'json', 'dot'],
      named: true,
      help: 'Form of the output: text for people, json for programs, dot for Graphviz.\nThe default is text.',
    },
  ],
  remarks:
    'Each block with where control goes on, the block that dominates it (that every way to it comes through last), and whether the verifier came there.',
  examples: ['show cfg', 'show cfg slice=r6', 'show cfg format=dot'],
  async run({ slice, format = 'text' }, { state, signal, progress }): Promise<Graph> {
    const { session } = debuggerOf(state, slice !== undefined);
    const control = { signal, progress };
    const coverage = await patiently(coverageSteps(session), 'cfg', control);
    if (coverage === undefined) throw new CommandError('debug', NOTHING_EXPLORED);
    const sliced = slice === undefined ? [] : (await patiently(sliceBackSteps(session, readPlace(slice, 'slice')), 'slice', control)).instructions;
    return {
      name: session.program.name,
      coverage,
      texts: textsOf(session, format === 'dot' ? session.program.instructions.keys() : sliced),
      slice: new Set(sliced),
      lines: new Map(
        coverage.blocks.flatMap(({ start }) => {
          const { line = 0 } = session.source.at(start) ?? {};
          return line === 0 ? [] : [[start, line] as const];
        }),
      ),
      format,
    };
  },
  text: (graph) => (graph.format === 'dot' ? dotText(graph) : graphText(graph)),
  json: ({ coverage: { blocks, complete, instructions, reached }, slice }) => ({
    schema: 1,
    complete,
    instructions,
    reached,
    blocks,
    slice: [...slice],
  }),
});

function textsOf({ machine, program }: DebugSession, slots: Iterable<number>): ReadonlyMap<number, string> {
  const texts = new Map<number, string>();
  for (const pc of slots) {
    const instruction = program.instructions[pc];
    if (instruction !== undefined) texts.set(pc, instructionText(machine, instruction, pc));
  }
  return texts;
}

/** `12: r0 = 1` for each instruction of a block that is shown, the slice marked. */
function linesOf({ start, last }: CoveredBlock, { texts, slice }: Graph): readonly { readonly marked: boolean; readonly text: string }[] {
  const lines: { marked: boolean; text: string }[] = [];
  for (let pc = start; pc <= last; pc++) {
    const text = texts.get(pc);
    if (text !== undefined) lines.push({ marked: slice.has(pc), text: `${pc}: ${text}` });
  }
  return lines;
}

function graphText(graph: Graph): string {
  const { blocks, instructions, reached } = graph.coverage;
  const entered = blocks.filter(({ status }) => status !== 'unreached').length;
  const loops = blocks.filter(({ loopHead }) => loopHead).length;
  const head = `${entered} of ${count(blocks.length, 'block', 'blocks')} and ${reached} of ${count(instructions, 'instruction', 'instructions')} are reached; ${count(loops, 'loop', 'loops')}.`;
  let shown = '';
  const rows = blocks
    .map((block) => {
      const heading = block.function === shown ? '' : `${block.function}:\n`;
      shown = block.function;
      return heading + blockText(block, graph.lines.get(block.start)) + slicedText(block, graph);
    })
    .join('');
  return `${head}\n${rows}`;
}

function blockText({ start, last, status, edges, dominator, loopHead, states, failures, current }: CoveredBlock, line: number | undefined): string {
  const range = start === last ? `${start}` : `${start}..${last}`;
  const words = [
    ...(line === undefined ? [] : [`line ${line}`]),
    STATUS[status],
    count(states, 'state', 'states'),
    ...(loopHead ? ['loop head'] : []),
    ...(dominator === undefined ? [] : [`dominated by ${dominator}`]),
    ...(failures.length === 0 ? [] : [`failure ${failures.join(', ')}`]),
  ];
  const ways = edges
    .map(({ to, kind, possible }) => `      ${EDGES[kind]} ${to}${possible || status === 'unreached' ? '' : ', which no state does'}\n`)
    .join('');
  return `${current ? '>' : ' '}${MARKS[status]} ${range}: ${words.join(', ')}\n${ways}`;
}

const STATUS: Record<CoveredBlock['status'], string> = { reached: 'reached', unreached: 'not reached', failing: 'a check fails' };
const MARKS: Record<CoveredBlock['status'], string> = { reached: ' ', unreached: '-', failing: '!' };
const EDGES: Record<CoveredBlock['edges'][number]['kind'], string> = { taken: 'jumps to', 'fall-through': 'falls through to', next: 'goes on at' };

function slicedText(block: CoveredBlock, graph: Graph): string {
  return linesOf(block, graph)
    .map(({ text }) => `    * ${text}\n`)
    .join('');
}

/** The graph in Graphviz' language; what is not reached is dashed, what fails has a double edge, so that nothing is said by colour alone. */
function dotText(graph: Graph): string {
  const { blocks } = graph.coverage;
  const nodes = blocks.map((block) => {
    const { start, status, current } = block;
    const label = linesOf(block, graph)
      .map(({ marked, text }) => `${marked ? '* ' : ''}${quoted(text)}\\l`)
      .join('');
    const style = [
      ...(status === 'unreached' ? ['style=dashed'] : []),
      ...(status === 'failing' ? ['peripheries=2'] : []),
      ...(current ? ['penwidth=2'] : []),
    ];
    return `  b${start} [${[`label="${label}"`, ...style].join(', ')}];\n`;
  });
  const edges = blocks.flatMap(({ start, edges: ways }) =>
    ways.map(({ to, kind, possible }) => {
      const label = kind === 'next' ? [] : [`label="${kind}"`];
      const attributes = [...label, ...(possible ? [] : ['style=dashed'])];
      return `  b${start} -> b${to}${attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`};\n`;
    }),
  );
  return `digraph "${quoted(graph.name)}" {\n  node [shape=box, fontname="monospace"];\n${nodes.join('')}${edges.join('')}}\n`;
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
