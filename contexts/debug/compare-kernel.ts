import { type ComparedStep, compareSteps } from '../../src/explain/kernel/compare.ts';
import { type KernelLog, parseKernelLog } from '../../src/explain/kernel/log.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { wrap } from '../render/wrap.ts';
import { type Debugger, debuggerOf } from './debugger.ts';
import { columns, instructionLine } from './render.ts';

/** Steps shown unless one instruction is asked for. */
const SHOWN = 12;

export const command = defineCommand({
  tags: [
    {
      name: 'log',
      type: 'file',
      required: true,
      help: 'What the kernel wrote, as libbpf, bpftool -d or any loader printed it. With log level 2 it has a state for every instruction.',
    },
    {
      name: 'at',
      type: 'integer',
      named: true,
      placeholder: 'instruction',
      help: 'Shows only this instruction.\nThe default is the last ones before the end.',
    },
  ],
  remarks: 'Reads logs of Linux before and since 7.3. Lines that are not understood are shown as they are.',
  examples: ['compare kernel log=verifier.log', 'compare kernel log=verifier.log at=12'],
  async run({ log: path, at }, { state, host }) {
    const debug = debuggerOf(state, false);
    const log = parseKernelLog(new TextDecoder().decode(await host.readFile(path)), debug.session.program.name);
    const steps = compareSteps(debug.session, log).filter(({ pc }) => at === undefined || pc === at);
    if (at !== undefined && steps.length === 0) throw new CommandError('debug', `The log does not show instruction ${at}.`);
    return { ours: oursOf(debug), log, steps, all: at !== undefined };
  },
  text({ ours, log, steps, all }) {
    const shown = all ? steps : steps.slice(-SHOWN);
    const skipped = steps.length - shown.length;
    const before = skipped === 0 ? '' : `          ... ${skipped} earlier instructions; "at=" shows one\n`;
    return (
      verdictText(ours, log) +
      reportText(log) +
      before +
      shown.map(stepText).join('') +
      log.unknown.map((line) => `  not understood: ${line}\n`).join('')
    );
  },
  json: ({ ours, log: { steps: _, ...log }, steps }) => ({ schema: 1, ours, kernel: log, steps }),
});

interface Ours {
  readonly verdict: string;
  readonly failures: readonly string[];
}

function oursOf({ session }: Debugger): Ours {
  const { verdict, failures } = session.report;
  return { verdict, failures: failures.map(({ id, instruction, message }) => `${id} at instruction ${instruction}: ${message}`) };
}

function verdictText({ verdict, failures }: Ours, log: KernelLog): string {
  const kernel = log.accepted ? 'accepted' : log.messages.length === 0 && log.report === undefined ? 'the log does not say' : 'rejected';
  const at = log.failed === undefined ? '' : ` at instruction ${log.failed}`;
  const agree = kernel === verdict ? 'Both agree.' : 'They disagree.';
  const theirs = [`${kernel}${at}`, ...log.messages].join('. ');
  const rows = [
    ['', 'this verifier', 'Linux'],
    ['', [verdict, ...failures].join('. '), theirs],
  ];
  return `${columns(rows)}${kernel === 'the log does not say' ? '' : `${agree}\n`}`;
}

function reportText({ report }: KernelLog): string {
  if (report === undefined) return '';
  const { category, problem, reason, path, suggestion } = report;
  const parts = [
    `Linux: ${category}: ${problem}.`,
    reason,
    ...path.map((line) => `  ${line}`),
    suggestion === '' ? '' : `It suggests: ${suggestion}`,
  ];
  return parts
    .filter((part) => part !== '')
    .map((part) => `  ${wrap(part, 77, '    ')}`)
    .join('');
}

function stepText({ pc, text, places, unreached, resumed }: ComparedStep): string {
  const head = `${resumed ? '          Linux goes on with another branch:\n' : ''}${instructionLine(pc, text)}`;
  if (unreached) return `${head}          this verifier never comes here\n`;
  const rows = places.map(({ subject, ours, kernel }) => ['       ', subject, ours ?? '-', ours === kernel ? 'same' : kernel]);
  return head + (rows.length === 0 ? '' : columns(rows));
}
