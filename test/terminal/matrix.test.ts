/** Everything that the prompt does, in every kind of terminal: one shell per terminal goes through all of it. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pty, PtyOptions } from './pty.ts';
import { hasPty, openPty } from './pty.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'dist', 'shell', 'main.js');
const ready = hasPty && existsSync(BIN);

if (!ready)
  console.warn(`SKIPPED: the shell in every kind of terminal: ${hasPty ? `${BIN} is not built` : 'python3 with its pty module is missing'}`);

interface Terminal {
  readonly name: string;
  readonly options: PtyOptions;
  readonly colors: boolean;
  readonly speaks: boolean;
  /** It understands no escape sequences: lines go in, lines come out. */
  readonly dumb: boolean;
}

const TERMINALS: readonly Terminal[] = [
  { name: '80 x 24', options: {}, colors: true, speaks: false, dumb: false },
  { name: '120 x 40', options: { columns: 120, rows: 40 }, colors: true, speaks: false, dumb: false },
  { name: 'NO_COLOR', options: { env: { NO_COLOR: '1' } }, colors: false, speaks: false, dumb: false },
  { name: 'a screen reader', options: { env: { INK_SCREEN_READER: 'true' } }, colors: false, speaks: true, dumb: false },
  { name: 'TERM=dumb', options: { env: { TERM: 'dumb' } }, colors: false, speaks: false, dumb: true },
];

interface Scenario {
  readonly name: string;
  /** Where it has something to show. Default: everywhere. */
  readonly where?: (terminal: Terminal) => boolean;
  /** Begins and ends at an empty `netsh ebpf>`. */
  readonly play: (pty: Pty, terminal: Terminal) => Promise<void>;
}

const HISTORY = ['show sections samples/bpf.o', 'show types', 'show disassembly samples/droppacket.o'];
const smart = ({ dumb }: Terminal) => !dumb;
/** A terminal's folder. */
const configName = (terminal: string) => terminal.replaceAll(/\W/g, '');
/** The last row with text is an empty prompt. */
const atPrompt = (pty: Pty) => pty.screen().findLast((row) => row !== '' && !row.startsWith('ebpf |')) === 'netsh ebpf>';

/** Types a line and waits for what it says, and for the prompt after it. */
async function say(pty: Pty, line: string, wanted: string | RegExp): Promise<void> {
  pty.type(`${line}\r`);
  await pty.until(wanted);
  await pty.until(atPrompt);
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'points at a mistake',
    play: (pty) => say(pty, 'shwo types', /not found: shwo types\.\nDid you mean "show"\?\n {2}shwo types\n {2}\^{4}\n/),
  },
  {
    name: 'helps in the middle of a command, which can be finished then',
    async play(pty, { dumb }) {
      for (const [index, question] of ['show hash ?', 'show hash?'].entries()) {
        pty.type(`${question}\r`);
        await pty.until(() => pty.everything().filter((row) => row.startsWith('Usage: show hash')).length === index + 1);
        if (!dumb) {
          await pty.until(/netsh ebpf> show hash$/m);
          pty.type('\u0015');
        }
        await pty.until(atPrompt);
      }
    },
  },
  {
    name: 'searches its help',
    play: (pty) => say(pty, 'help search unpin', 'ebpf unpin map'),
  },
  {
    name: 'colours words that it knows',
    where: ({ colors }) => colors,
    async play(pty) {
      pty.type('show');
      await pty.until(() => pty.bytes.includes('\u001b[92mshow\u001b[0m'));
      pty.type('\u0015');
      await pty.until(atPrompt);
    },
  },
  {
    name: 'writes no colour',
    where: ({ colors }) => !colors,
    async play(pty) {
      await say(pty, 'show sections samples/droppacket_unsafe.o', 'dropped_packet_map');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: color sequences are what must be absent
      expect(pty.bytes.match(/\u001b\[[0-9;]+m/g)).toBeNull();
    },
  },
  {
    name: 'completes a command, a file and its section',
    where: smart,
    async play(pty) {
      pty.type('conv\t');
      await pty.until(/netsh ebpf> convert$/m);
      pty.type('samples/droppacket_unsafe.o\t');
      await pty.until(/netsh ebpf> convert samples\/droppacket_unsafe\.o$/m);
      pty.type('\u0015');
      await pty.until(atPrompt);
    },
  },
  {
    name: 'offers a menu with help',
    where: smart,
    async play(pty, { speaks }) {
      pty.type('pin \t\t');
      await pty.until(speaks ? /^map: Pins/m : /^[> ] map +Pins/m);
      pty.type('\u0007\u0015');
      await pty.until(atPrompt);
    },
  },
  {
    name: 'suggests an older line',
    where: ({ dumb, speaks, colors }) => !dumb && !speaks && colors,
    async play(pty) {
      pty.type('show dis');
      await pty.until('netsh ebpf> show disassembly samples/droppacket.o');
      expect(pty.cursor().column).toBe('netsh ebpf> show dis'.length);
      pty.type('\u0015');
      await pty.until(atPrompt);
    },
  },
  {
    name: 'searches the history',
    where: smart,
    async play(pty) {
      pty.type('\u0012bpf.o');
      await pty.until('history search: bpf.o');
      pty.type('\r');
      await pty.until('Entries  Name');
      await pty.until(atPrompt);
    },
  },
  {
    name: 'runs what is pasted up to the first mistake',
    where: smart,
    async play(pty) {
      pty.type('\u001b[200~show mode\nshwo mode\nshow alias\n\u001b[201~');
      await pty.until('Stopped: 1 pasted line was not run.');
      await pty.until(atPrompt);
    },
  },
  {
    name: 'takes vi keys',
    where: smart,
    async play(pty) {
      await say(pty, 'set editing vi', /editing vi\n(?:Ok\.\n)?netsh ebpf>/);
      pty.type('show modX\u001b');
      await new Promise((resolve) => setTimeout(resolve, 120));
      pty.type('re\r');
      await pty.until(/show mode\nonline\n/);
      await pty.until(atPrompt);
      await say(pty, 'set editing emacs', /editing emacs\n(?:Ok\.\n)?netsh ebpf>/);
    },
  },
  {
    name: 'pages the last output with search',
    where: ({ dumb, speaks }) => !dumb && !speaks,
    async play(pty) {
      pty.type('show helpers\r');
      await pty.until(() => pty.everything().some((row) => row.includes('bpf_map_lookup_elem')));
      await pty.until(atPrompt);
      pty.type('\u000f');
      await pty.until(/lines 1-\d+ of \d+/);
      pty.type('/ringbuf\r');
      await pty.until((now) => now.screen()[0]?.includes('ringbuf') === true);
      pty.type('q');
      await pty.until(atPrompt);
    },
  },
  {
    name: 'has a status line',
    where: ({ dumb, speaks }) => !dumb && !speaks,
    async play(pty) {
      await say(pty, 'set status on', /^ebpf \| windows: 0 programs, 0 maps$/m);
      await say(pty, 'set policy hvci=on', /^ebpf \| windows: 0 programs, 0 maps \| HVCI on$/m);
      await say(pty, 'set status off', 'set status off');
      await pty.until((now) => !now.screen().some((row) => row.startsWith('ebpf |')));
    },
  },
  {
    name: 'keeps no history once that is set, and the title only while that is wanted',
    where: smart,
    async play(pty, { name }) {
      const kept = () => readFileSync(join(folder, configName(name), 'history'), 'utf8');
      await say(pty, 'set history 0', 'set history 0');
      const before = kept();
      await say(pty, 'show mode', /^online$/m);
      expect(kept()).toBe(before);
      await say(pty, 'set history 500', 'set history 500');
      await say(pty, 'set title off', 'set title off');
      expect(kept().endsWith('set title off\n')).toBe(true);
      const bytes = pty.bytes.length;
      await say(pty, 'show alias', 'show alias');
      expect(pty.bytes.slice(bytes)).not.toContain('\u001b]2;');
      await say(pty, 'set title on', 'set title on');
      expect(pty.bytes.slice(bytes)).toContain('\u001b]2;netsh ebpf - ebpfsh\u0007');
    },
  },
  {
    name: 'writes for a screen reader once that is set',
    where: smart,
    async play(pty) {
      await say(pty, 'set screenreader on', 'set screenreader on');
      pty.type('pin \t\t');
      await pty.until(/^map: Pins/m);
      pty.type('\u0015');
      await pty.until(atPrompt);
      await say(pty, 'set screenreader off', 'set screenreader off');
    },
  },
  {
    name: 'watches an object in the background, brings it to the front and sends it back',
    where: smart,
    async play(pty, { name }) {
      const object = join(folder, `${configName(name)}.o`);
      const put = (sample: string) => copyFileSync(join(ROOT, 'samples', sample), object);
      put('droppacket_unsafe.o');
      pty.type(`watch ${object} &\r`);
      await pty.until(/\[1\] \w+\.o: 2 checks fail\nnetsh ebpf>/);
      pty.type('show mo');
      put('droppacket.o');
      await pty.until(/\[1\] \w+\.o: passes \(2 fixed\)\nnetsh ebpf> show mo/);
      pty.type('\u0015fg\r');
      await pty.until(/netsh ebpf> fg\nWatching /);
      put('droppacket_unsafe.o');
      await pty.until(/ new +PKT-02 /);
      pty.type('\u0002');
      await pty.until(/\[1\] runs in the background.*\n(?:.*\n)?netsh ebpf>/);
      await say(pty, 'jobs', /running +2 checks fail \(2 new\) +watch /);
      pty.type('fg\r');
      await pty.until(() => pty.everything().filter((row) => row.startsWith('Watching ')).length === 2);
      pty.type('\u0003');
      await pty.until(/\^C\nnetsh ebpf>/);
      await say(pty, 'jobs', /cancelled +\d+ s +watch /);
    },
  },
  {
    name: 'draws again after a resize',
    where: smart,
    async play(pty, { options: { columns = 80, rows = 24 } }) {
      pty.type('show mo');
      await pty.until(/show mo/);
      await pty.resize(60, 20);
      await pty.until(/netsh ebpf> show mo/);
      await pty.resize(columns, rows);
      pty.type('de\r');
      await pty.until(/show mode\nonline\n/);
      await pty.until(atPrompt);
    },
  },
  {
    name: 'clears the line with Ctrl-C',
    async play(pty, { dumb }) {
      pty.type(dumb ? '\u0003' : 'show x\u0003');
      await pty.until(dumb ? /netsh ebpf>\s*\^C/ : 'show x^C');
      await pty.until(atPrompt);
    },
  },
  {
    name: 'leaves the context and the shell with Ctrl-D',
    async play(pty, { dumb }) {
      pty.type('\u0004');
      if (!dumb) {
        await pty.until(/^netsh>$/m);
        pty.type('\u0004');
      }
      expect(await pty.exit).toBe(0);
    },
  },
];

let folder: string;

describe.skipIf(!ready)('the shell in every kind of terminal', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ebpfsh-matrix-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const terminal of TERMINALS) {
    describe(terminal.name, () => {
      let pty: Pty;
      beforeAll(async () => {
        const config = join(folder, configName(terminal.name));
        mkdirSync(config);
        writeFileSync(join(config, 'history'), `${HISTORY.join('\n')}\n`);
        const env = { EBPFSH_CONFIG_DIR: config, EBPFSH_STORE: join(config, 'store'), ...terminal.options.env };
        pty = openPty(process.execPath, [BIN], { cwd: ROOT, ...terminal.options, env });
        await pty.until('netsh ebpf>');
      });
      afterAll(() => pty.close());
      for (const { name, where = () => true, play } of SCENARIOS) if (where(terminal)) it(name, () => play(pty, terminal));
    });
  }
});
