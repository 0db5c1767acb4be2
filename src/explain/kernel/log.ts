/** What Linux' verifier writes while it looks at a program, as far as it can be told apart; formats before and since Linux 7.3. */
export interface KernelLog {
  /** Instructions in the order in which it walked them; none where the log level did not ask for them. */
  readonly steps: readonly KernelStep[];
  /** What it says at the end of why it refuses the program; empty where it accepts it. */
  readonly messages: readonly string[];
  readonly report: KernelReport | undefined;
  /** The last instruction that it looked at before it refused. */
  readonly failed: number | undefined;
  readonly accepted: boolean;
  /** `processed 14 insns ...` */
  readonly statistics: string | undefined;
  /** Lines that belong to none of these. */
  readonly unknown: readonly string[];
}

/** One instruction as the log shows it. */
export interface KernelStep {
  readonly pc: number;
  readonly text: string;
  /** Calls that are active. */
  readonly frame: number;
  /** What is known before it, where the log says so: `R6` -> `scalar(...)`. */
  readonly before: ReadonlyMap<string, string>;
  /** What it changed or named. */
  readonly after: ReadonlyMap<string, string>;
  /** The walk comes here from another branch: it went back to an earlier one. */
  readonly resumed: boolean;
  /** Slots of the branches that it went back to since the step before, also of those behind which nothing was new; the newest last. */
  readonly backTo: readonly number[];
}

/** The report that Linux prints from 7.3 on. */
export interface KernelReport {
  readonly category: string;
  readonly problem: string;
  readonly reason: string;
  readonly instruction: number | undefined;
  readonly path: readonly string[];
  readonly suggestion: string;
}

/** Lines looked at; a log may be hundreds of megabytes. */
const MAX_LINES = 2_000_000;
/** Steps kept. */
const MAX_STEPS = 100_000;

const INSTRUCTION = /^(\d+): \(([\da-f]{2})\) (.*)$/;
const STATE = /^(\d+): (?:frame(\d+):)?\s*((?:R\d|fp-\d).*)$/;
const FROM = /^from (\d+) to (\d+)(?: \([^)]*\))?: ?(?:frame(\d+):)?\s*(.*)$/;
/** States without an instruction's number, as older kernels and calls print them. */
const BARE_STATE = /^ (?:frame(\d+):)?\s*((?:R\d|fp-\d).*)$/;
const NOISE =
  /^(?:;|func#\d|Live regs before insn|\s*\d+\s+\d+: [.\d]{10}|\s+\d+: [.\d]{10}|mark_precise|last_idx|regs=|parent |propagating |caller:|callee:|returning from callee|to caller at|safe$|\(?truncated|BPF program is too large\. Processed|from \d+ to \d+: safe|arg#|\d+: safe|verification time|stack depth|\(\d+\) (?:frame \d|live stack)|SCC |Validating |Func#|-- (?:BEGIN|END)|libbpf:)/;

/**
 * Reads a log.
 *
 * @param text as the kernel, libbpf or a loader printed it; text around it does no harm.
 * @param program of several in one text the one that libbpf names so, else the first.
 */
export function parseKernelLog(text: string, program?: string): KernelLog {
  const lines = logLines(text, program).slice(0, MAX_LINES);
  const steps: KernelStep[] = [];
  const messages: string[] = [];
  const unknown: string[] = [];
  let before: ReadonlyMap<string, string> = new Map();
  let frame = 0;
  let resumed = false;
  let backTo: number[] = [];
  let statistics: string | undefined;
  const reportAt = lines.findIndex((line) => line.startsWith('Verification failed: '));
  lines.forEach((line, at) => {
    if (reportAt >= 0 && at >= reportAt && !line.startsWith('processed ')) return;
    if (line.startsWith('processed ')) {
      statistics = line;
      return;
    }
    const from = FROM.exec(line);
    if (from !== null) backTo.push(Number(from[1]));
    if (from !== null && !line.endsWith('safe')) {
      frame = Number(from[3] ?? 0);
      before = parseState(from[4]!);
      resumed = true;
      return;
    }
    const instruction = INSTRUCTION.exec(line);
    if (instruction !== null) {
      const [words, state] = splitComment(instruction[3]!);
      if (steps.length < MAX_STEPS) steps.push({ pc: Number(instruction[1]), text: words, frame, before, after: parseState(state), resumed, backTo });
      before = new Map();
      resumed = false;
      backTo = [];
      messages.length = 0;
      return;
    }
    const state = STATE.exec(line) ?? BARE_STATE.exec(line)?.toSpliced(1, 0, '');
    if (state !== undefined && state !== null) {
      frame = Number(state[2] ?? frame);
      before = parseState(state[3]!);
      return;
    }
    if (line.trim() === '' || NOISE.test(line)) return;
    if (steps.length > 0 || messages.length > 0 || reportAt >= 0) messages.push(line.trim());
    else unknown.push(line);
  });
  const report = reportAt < 0 ? undefined : parseReport(lines.slice(reportAt));
  const refused = failedToLoad(text, program);
  const accepted =
    refused === undefined ? messages.length === 0 && unknown.length === 0 && report === undefined && statistics !== undefined : !refused;
  // Without any instruction the message is what there is.
  if (steps.length === 0 && !accepted) messages.push(...unknown.splice(0).map((line) => line.trim()));
  return {
    steps,
    messages: accepted ? [] : messages,
    report,
    failed: accepted ? undefined : (report?.instruction ?? steps.at(-1)?.pc),
    accepted,
    statistics,
    unknown,
  };
}

/** Whether libbpf says that the kernel refused the program; undefined where the text is not its output. */
function failedToLoad(text: string, program: string | undefined): boolean | undefined {
  if (!text.includes('-- BEGIN PROG LOAD LOG --')) return undefined;
  const refused = [...text.matchAll(/prog '([^']*)': failed to load/g)].map((found) => found[1]);
  return program !== undefined && text.includes(`prog '${program}': -- BEGIN`) ? refused.includes(program) : refused.length > 0;
}

/** The lines between libbpf's marks, where it is its output. */
function logLines(text: string, program: string | undefined): readonly string[] {
  const lines = text.split(/\r?\n/);
  const begins = lines.flatMap((line, at) => (line.includes('-- BEGIN PROG LOAD LOG --') ? [at] : []));
  if (begins.length === 0) return lines;
  const begin = begins.find((at) => program !== undefined && lines[at]!.includes(`'${program}'`)) ?? begins[0]!;
  const end = lines.findIndex((line, at) => at > begin && line.includes('-- END PROG LOAD LOG --'));
  return lines.slice(begin + 1, end < 0 ? undefined : end);
}

/** `r1 += r4   ; R1=...`. */
function splitComment(text: string): readonly [string, string] {
  const at = text.search(/\s*; (?:frame\d+: ?)?(?:R\d|fp-\d)/);
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at).replace(/^\s*; (?:frame\d+: ?)?/, '')];
}

const PLACE = /(?:^|\s)(R\d+|fp-\d+)(?:_[a-zA-Z]+)?=/g;

/** `R1=ctx() R6=scalar(umax=63,var_off=(0x0; 0x3f)) fp-8=mmmm????` by place. */
function parseState(line: string): ReadonlyMap<string, string> {
  const text = line.replace(/\s(?:refs=[\d,]+|async_cb|cb)(?=\s|$)/g, '');
  const found = [...text.matchAll(PLACE)];
  return new Map(
    found.map((match, index) => {
      const start = match.index + match[0].length;
      return [match[1]!, text.slice(start, found[index + 1]?.index ?? text.length).trim()] as const;
    }),
  );
}

const HEADINGS = ['Reason', 'At', 'Causal path', 'Suggestion'] as const;

function parseReport(lines: readonly string[]): KernelReport {
  const [, category = '', problem = ''] = /^Verification failed: ([^:]*)(?:: (.*))?$/.exec(lines[0]!) ?? [];
  const parts = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of lines.slice(1)) {
    if (line.startsWith('processed ')) break;
    const heading = HEADINGS.find((word) => line === `${word}:`);
    if (heading !== undefined) {
      current = [];
      parts.set(heading, current);
    } else if (line.trim() !== '') current?.push(line.trimEnd());
  }
  const words = (heading: string) => (parts.get(heading) ?? []).map((line) => line.trim()).join(' ');
  const instruction = /\binsn (\d+)/.exec((parts.get('At') ?? []).join('\n'))?.[1];
  return {
    category,
    problem,
    reason: words('Reason'),
    instruction: instruction === undefined ? undefined : Number(instruction),
    path: (parts.get('Causal path') ?? []).map((line) => line.replace(/^ {2}/, '')),
    suggestion: words('Suggestion'),
  };
}
