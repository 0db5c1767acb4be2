import type { DebugSession } from '../../src/explain/session.ts';
import type { SourceLine } from '../../src/explain/source.ts';
import { defineCommand, type TagValues } from '../command.ts';
import { DEBUGGED, openForDebugging } from '../ebpf/debug-verification.ts';
import { sourceAt } from '../render/source.ts';
import { parseTags } from '../tags.ts';
import { tokenize } from '../tokens.ts';
import { compareVerdicts, type WatchedFailure } from '../watch-compare.ts';
import { changeJson, changeText } from '../watch-text.ts';
import { debuggerOf } from './debugger.ts';
import { stepText } from './render.ts';

/** Words before the tags of the line that opened the debugger: `ebpf debug verification`. */
const COMMAND_WORDS = 3;

export const command = defineCommand({
  tags: [],
  remarks:
    'For a program that was compiled again: says what is fixed and what is new, and goes to the same source line, also where it has moved. Breakpoints stay; bookmarks and assumptions belong to the program that was.',
  examples: ['reload'],
  async run(_, environment) {
    const before = debuggerOf(environment.state, false);
    const here = before.session.steppable ? before.session.source.at(before.session.pc) : undefined;
    const tags = parseTags(DEBUGGED, tokenize(before.opening).slice(COMMAND_WORDS)) as TagValues<typeof DEBUGGED>;
    const { debug } = await openForDebugging(tags, environment);
    for (const breakpoint of before.breakpoints.values()) debug.addBreakpoint(breakpoint);
    const { session } = debug;
    const change = compareVerdicts(failuresOf(before.session), failuresOf(session));
    const returned = session.steppable && here !== undefined && goBack(session, here);
    return { session, change, here, returned, step: session.steppable ? debug.look() : undefined };
  },
  text({ session, change, here, returned, step }) {
    const { program, section, verdict } = session.report;
    const lost = here === undefined || returned ? '' : `Nothing leads to ${here.text.trim()} any more.\n`;
    return `Program ${program} in section ${section}: ${verdict}.\n${changeText(change)}${lost}${step === undefined ? '' : `\n${stepText(step)}`}`;
  },
  json: ({ session, change, returned, step }) => ({
    schema: 1,
    verdict: session.report.verdict,
    ...changeJson(change),
    returned,
    step: step ?? null,
  }),
});

/** The failed checks of a debugger, as `watch` compares them. */
function failuresOf({ report, program }: DebugSession): readonly WatchedFailure[] {
  const { section, program: name } = report;
  return report.failures.map(({ id, message, instruction }) => ({
    section,
    program: name,
    id,
    message,
    instruction,
    source: sourceAt(program, instruction),
  }));
}

/** Goes to the line with the same text, the nearest of several; to the line of the same number where it was edited. */
function goBack(session: DebugSession, here: SourceLine): boolean {
  const lines = new Map<string, SourceLine>();
  for (const [slot, instruction] of session.program.instructions.entries()) {
    const at = instruction === undefined ? undefined : session.source.at(slot);
    if (at !== undefined && at.line > 0) lines.set(`${at.line} ${at.file}`, at);
  }
  const distance = ({ file, line }: SourceLine) => Math.abs(line - here.line) + (file === here.file ? 0 : OTHER_FILE);
  const alike = [...lines.values()].filter(({ text }) => text.trim() === here.text.trim());
  const [nearest] = alike.toSorted((a, b) => distance(a) - distance(b));
  const target = nearest ?? lines.get(`${here.line} ${here.file}`);
  return target !== undefined && session.goto(session.slotsOfLine(target.line));
}

/** A line of another file is further away than every line of this one. */
const OTHER_FILE = 1e9;
