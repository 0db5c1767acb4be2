/**
 * How long the debugger's commands and keys take on the largest programs of the shared corpus: as they are, and with a branch planted wrong so that a check
 * fails. Processor time of the main thread in milliseconds; `all` is a command's whole work, `piece` the longest one during which Ctrl-C is not heard.
 *
 *   node bench/run.mjs debugger [--programs N] [--over MS] [--only passing|failing] [--match TEXT] [--each] [--long] [--lines 'LINE;LINE;key:j']
 */
import { readFileSync } from 'node:fs';
import { Debugger } from '../contexts/debug/debugger.ts';
import { debugContext } from '../contexts/debug/index.ts';
import type { Host } from '../contexts/host.ts';
import { rootContext } from '../contexts/root/index.ts';
import { Session } from '../contexts/session.ts';
import { DebuggerController } from '../shell/debugger/controller.ts';
import { debuggerFrame } from '../shell/debugger/frame.ts';
import { NO_THEME } from '../shell/repl/theme.ts';
import { loadObject } from '../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../src/object/object-file.ts';
import { linux } from '../src/platform/linux/linux.ts';
import { verifyProgram } from '../src/verifier/index.ts';

const corpus = new URL('../../shared/corpus/elf/', import.meta.url);

function option(name: string, otherwise: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
}

/** Processor time of this thread in milliseconds; of the process where the system does not tell. */
function processorTime(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
}

interface Subject {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly object: ObjectFile;
  readonly program: ObjectProgram;
}

/** The largest programs of the corpus, one of each name in a folder. */
function subjects(most: number): Subject[] {
  const rows = readFileSync(new URL('peer-verdicts.csv', corpus), 'utf8').trim().split('\n').slice(1);
  const seen = new Set<string>();
  const largest = rows
    .map((row) => row.split(','))
    .filter(([object, section]) => object !== undefined && section !== undefined && section !== '.text')
    .sort((a, b) => Number(b[3]) - Number(a[3]))
    .filter(([object, , program]) => {
      const key = `${object!.split('/')[0]}:${program}`;
      return !seen.has(key) && seen.add(key);
    });
  const match = option('match', '');
  return largest
    .slice(0, most)
    .filter((row) => row.join(' ').includes(match))
    .flatMap(([path, section, name]) => {
      const bytes = readFileSync(new URL(path!, corpus));
      const object = loadObject(bytes, path!);
      const program = object.programs.find((one) => one.section === section && one.name === name);
      return program === undefined ? [] : [{ name: `${path} ${section} ${name}`, bytes, object, program }];
    });
}

/** Where a section's bytes begin in an ELF64 file. */
function sectionOffset(bytes: Uint8Array, name: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = (index: number) => Number(view.getBigUint64(40, true)) + index * view.getUint16(58, true);
  const offset = (index: number) => Number(view.getBigUint64(header(index) + 24, true));
  const names = offset(view.getUint16(62, true));
  for (let index = 0; index < view.getUint16(60, true); index++) {
    const at = names + view.getUint32(header(index), true);
    if (new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at))) === name) return offset(index);
  }
  throw new Error(`no section ${name}`);
}

/** What is rejected at these is rejected at every precision, more often than not. */
const PRECISIONS = [1, 4];

/** The same object with one of the program's branches never taken, so that a check fails; undefined where none makes one fail. */
function planted({ bytes, object, program, name }: Subject): Subject | undefined {
  const branches = program.instructions.flatMap((instruction, pc) =>
    instruction?.kind === 'branch' && pc * 8 < program.size ? [{ pc, offset: instruction.offset }] : [],
  );
  for (let tried = 0; tried < 60; tried++) {
    const branch = branches[Math.floor((branches.length * (((tried + 1) * 0.6180339887) % 1)) / 1)];
    if (branch === undefined) return undefined;
    const { pc } = branch;
    const instructions = program.instructions.with(pc, { kind: 'jump', wide: false, offset: 0 });
    const rejected = PRECISIONS.every(
      (precision) => verifyProgram(object, { ...program, instructions }, { platform: linux, precision, timeLimit: 5000 }).verdict === 'rejected',
    );
    if (!rejected) continue;
    const copy = Uint8Array.from(bytes);
    copy.set([5, 0, 0, 0, 0, 0, 0, 0], sectionOffset(copy, program.section) + program.offset + pc * 8);
    return { name: `${name}, no branch at ${pc}`, bytes: copy, object: loadObject(copy, 'planted'), program };
  }
  return undefined;
}

interface Taken {
  readonly all: number;
  readonly piece: number;
}

/** What some work takes of the processor, and its longest piece between two turns of the event loop. */
async function measure(work: () => Promise<unknown>): Promise<Taken> {
  await new Promise(setImmediate);
  const started = processorTime();
  let last = started;
  let piece = 0;
  const look = () => {
    const now = processorTime();
    piece = Math.max(piece, now - last);
    last = now;
  };
  let watching = true;
  const watch = () => {
    look();
    if (watching) setImmediate(watch);
  };
  setImmediate(watch);
  await work();
  look();
  watching = false;
  return { all: last - started, piece };
}

/** Every command and, with `key:`, every key, at places spread over the program. Those that verify again or search are long work. */
function lines({ program }: Subject, failing: boolean): readonly string[] {
  const given = option('lines', '');
  if (given !== '') return given.split(';');
  const at = (part: number) => {
    let pc = Math.floor(program.instructions.length * part);
    while (program.instructions[pc] === undefined) pc++;
    return pc;
  };
  const looks = [
    'state',
    'diff',
    'list',
    'list all',
    'list all slice=r1',
    'path',
    'join',
    'why',
    'why r1',
    'why r0.max',
    'why fp-16',
    'slice r1',
    'slice forward=r1',
    'branch',
  ];
  const motions = [
    'step',
    'step 10',
    'step by=line',
    'step by=event',
    'step by=change:r1',
    'back',
    'back by=line',
    'back by=event',
    'back by=change:r0',
    'back 10',
  ];
  const asked = [
    'whynot r1 <= 7',
    'whynot packet>=9000',
    'prove r1 <= 63',
    'possible r1 == 0',
    `prove r0 == 0 at ${at(0.5)}`,
    `whynot packet>=2000 at ${at(0.7)}`,
  ];
  const places = ['goto end', 'goto start', `goto ${at(0.5)}`, `goto ${at(0.75)}`, `goto ${at(0.95)}`].flatMap((go) => [
    go,
    ...looks,
    ...motions,
    ...asked,
  ]);
  const whole = [
    'bounds',
    'show cfg',
    'show cfg slice=r1',
    'show cfg format=dot',
    'show coverage',
    'memory r10',
    'bookmark here',
    'bookmarks',
    'break join',
    'watch r1',
    'goto start',
    'continue',
    'continue',
    'rcontinue',
    'show breakpoints',
    'delete break',
    'continue',
    'rcontinue',
    'save /tmp/x',
  ];
  const failure = failing
    ? ['failure', 'failure', 'culprit', 'goto culprit', 'failure 1', 'why', 'distance', 'fix', 'fix A', 'undo', 'attack', 'guide', '1', '1', '1']
    : ['run', 'attack', 'guide'];
  const long = ['havoc r1', 'undo', `assume r1 <= 63 at ${at(0.5)}`, 'undo', `loop ${at(0.5)}`];
  const patient = process.argv.includes('--long') ? ['precision', ...(failing ? ['minimise'] : [])] : [];
  const keys = ['', ...'jkJK][', 'Space', 'PageUp', 'End', 'Home', ...'ewdcnsafuG', 'Escape', 'Tab', 'a', 'j', 'k', 'j', '?', 'Escape'].map(
    (chord) => `key:${chord}`,
  );
  return [...places, ...whole, ...failure, ...long, ...patient, ...keys];
}

/** The debugger of a session, where one is open. */
function debuggerIn(session: Session): Debugger | undefined {
  const state = session.stateOf(debugContext);
  return state instanceof Debugger ? state : undefined;
}

async function measureAll(subject: Subject, failing: boolean): Promise<Map<string, Taken & { output: string }>> {
  const taken = new Map<string, Taken & { output: string }>();
  const host: Host = {
    readFile: async () => subject.bytes,
    writeFile: async () => undefined,
    listDirectory: async () => [],
    openFile: async (path) => ({ path, write: () => undefined, close: async () => undefined }),
  };
  const session = new Session(rootContext, host);
  let output = '';
  const run = (line: string) =>
    session.execute(line, { signal: new AbortController().signal, write: (text) => (output += text), onProgress: () => undefined });
  const note = async (name: string, work: () => Promise<unknown>) => {
    output = '';
    const one = await measure(work);
    const before = taken.get(name);
    taken.set(name, {
      all: Math.max(one.all, before?.all ?? 0),
      piece: Math.max(one.piece, before?.piece ?? 0),
      output: (one.all > (before?.all ?? 0) ? output : before?.output) ?? '',
    });
  };
  const { section, name } = subject.program;
  await note('open', () => run(`ebpf debug verification x.o section=${section} program=${name} platform=linux`));
  if (debuggerIn(session) === undefined) throw new Error(output);
  let controller: DebuggerController | undefined;
  const size = { columns: 200, rows: 50 };
  for (const line of lines(subject, failing)) {
    if (!line.startsWith('key:')) {
      await note(line.replaceAll(/\d\d+/g, 'N'), () => run(line));
      continue;
    }
    await note(line, async () => {
      controller ??= new DebuggerController({ session, current: () => debuggerIn(session) });
      controller.press(line.slice(4));
      await controller.settled;
      const { snapshot, outline, ui } = controller;
      debuggerFrame({ snapshot, outline, ui, theme: NO_THEME, size });
    });
  }
  return taken;
}

const over = Number(option('over', '20'));
const only = option('only', '');
const worst = new Map<string, Taken & { name: string; output: string }>();
for (const subject of subjects(Number(option('programs', '10')))) {
  for (const failing of [false, true]) {
    if (only !== '' && only !== (failing ? 'failing' : 'passing')) continue;
    const one = failing ? planted(subject) : subject;
    if (one === undefined) {
      console.log(`${subject.name}: no branch makes a check fail`);
      continue;
    }
    const taken = await measureAll(one, failing);
    const slow = [...taken].filter(([, { piece }]) => piece > over).sort((a, b) => b[1].piece - a[1].piece);
    console.log(`${one.name} (${one.program.instructions.length} slots): ${slow.length} of ${taken.size} commands and keys over ${over} ms`);
    if (process.argv.includes('--each'))
      for (const [line, { all, piece }] of slow) console.log(`    ${line}: ${all.toFixed(0)} ms, piece ${piece.toFixed(0)} ms`);
    for (const [line, took] of taken) {
      const known = worst.get(line);
      if (known === undefined || took.piece > known.piece) worst.set(line, { ...took, all: Math.max(took.all, known?.all ?? 0), name: one.name });
      else if (took.all > known.all) worst.set(line, { ...known, all: took.all });
    }
  }
}
console.log(`\n${'worst of all'.padEnd(32)} ${'all'.padStart(8)} ${'piece'.padStart(8)}`);
for (const [line, { all, piece, name }] of [...worst].sort((a, b) => b[1].piece - a[1].piece))
  if (piece > over || all > 5 * over) console.log(`${line.padEnd(32)} ${all.toFixed(0).padStart(8)} ${piece.toFixed(0).padStart(8)}  ${name}`);
process.exit(0);
