import { type Coverage, type CoveredBlock, coverageOf } from '../../src/explain/queries/coverage.ts';
import { sliceBack } from '../../src/explain/queries/slice.ts';
import { NOTHING_EXPLORED } from '../../src/explain/session.ts';
import type { ListedInstruction } from '../../src/explain/views.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { readPlace } from './places.ts';
import { count } from './render.ts';

interface Graph {
  readonly name: string;
  readonly coverage: Coverage;
  readonly instructions: readonly ListedInstruction[];
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
  run({ slice, format = 'text' }, { state }): Graph {
    const { session } = debuggerOf(state, slice !== undefined);
    const coverage = coverageOf(session);
    if (coverage === undefined) throw new CommandError('debug', NOTHING_EXPLORED);
    return {
      name: session.program.name,
      coverage,
      instructions: session.instructionsAt(session.program.instructions.map((_, pc) => pc)),
      slice: new Set(slice === undefined ? [] : sliceBack(session, readPlace(slice, 'slice')).instructions),
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

function graphText({ coverage: { blocks }, slice, instructions }: Graph): string {
  let shown = '';
  return blocks
    .map((block) => {
      const heading = block.function === shown ? '' : `${block.function}:\n`;
      shown = block.function;
      return heading + blockText(block) + (slice.size === 0 ? '' : slicedText(block, slice, instructions));
    })
    .join('');
}

function blockText({ start, last, status, edges, dominator, loopHead, states, failures, current }: CoveredBlock): string {
  const range = start === last ? `${start}` : `${start}..${last}`;
  const words = [
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

function slicedText({ start, last }: CoveredBlock, slice: ReadonlySet<number>, instructions: readonly ListedInstruction[]): string {
  return instructions
    .filter(({ pc }) => pc >= start && pc <= last && slice.has(pc))
    .map(({ pc, text }) => `    * ${pc}: ${text}\n`)
    .join('');
}

/** The graph in Graphviz' language; what is not reached is dashed, what fails has a double edge, so that nothing is said by colour alone. */
function dotText({ name, coverage: { blocks }, instructions, slice }: Graph): string {
  const nodes = blocks.map(({ start, last, status, current }) => {
    const lines = instructions.filter(({ pc }) => pc >= start && pc <= last).map(({ pc, text }) => `${slice.has(pc) ? '* ' : ''}${pc}: ${text}`);
    const label = lines.map((line) => `${quoted(line)}\\l`).join('');
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
  return `digraph "${quoted(name)}" {\n  node [shape=box, fontname="monospace"];\n${nodes.join('')}${edges.join('')}}\n`;
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
