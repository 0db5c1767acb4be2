import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binPath, ebpfsh, projectRoot } from '../end-to-end/bin.ts';

/** A file whose name another shell would run if it were not quoted. */
const HOSTILE = 'x$(touch hacked).o';

let folder: string;
let env: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebpfsh-complete-'));
  for (const name of ['a.o', 'my file.o', HOSTILE]) copyFileSync(`${projectRoot}samples/droppacket.o`, join(folder, name));
  const command = join(folder, 'ebpfsh');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${binPath}' "$@"\n`);
  chmodSync(command, 0o755);
  env = { PATH: `${folder}${delimiter}${process.env['PATH']}`, HOME: folder, EBPFSH_CONFIG_DIR: folder };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How each shell is asked what it offers for a line: one candidate a line, as the shell would insert it. */
const SHELLS = {
  bash: {
    options: ['--norc', '--noprofile', '-c'],
    ask: (script: string, line: string) => `${script}
COMP_LINE=${single(line)} COMP_POINT=${line.length}
_ebpfsh ebpfsh
((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"; true`,
  },
  // compadd works only while zsh's editor runs, so what it is given is shown instead.
  zsh: {
    options: ['-f', '-c'],
    ask: (script: string, line: string) => `compdef() { : }
${script}
compadd() { local name=$@[-1]; print -rl -- "\${(@P)name}" }
line=${single(line)}
words=(\${(z)line})
[[ $line == *' ' ]] && words+=('')
CURRENT=$#words PREFIX=$words[-1]
_ebpfsh`,
  },
  // Fish quotes what it inserts itself; asked like this, it shows the plain word.
  fish: { options: ['--no-config', '-c'], ask: (script: string, line: string) => `${script}\ncomplete -C ${single(line)}` },
} as const;

/** In single quotes, where every shell here takes it as it stands; for lines that have none themselves. */
function single(line: string): string {
  return `'${line}'`;
}

const scripts = new Map<string, string>();

/** What `completion` prints for a shell. */
function scriptFor(shell: string): string {
  const script = scripts.get(shell) ?? ebpfsh(['completion', shell]).stdout;
  scripts.set(shell, script);
  return script;
}

function offers(shell: keyof typeof SHELLS, line: string): readonly string[] {
  const { options, ask } = SHELLS[shell];
  const { stdout, stderr } = spawnSync(shell, [...options, ask(scriptFor(shell), line)], { cwd: folder, env, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .map((text) => text.split('\t')[0]!)
    .filter((text) => text.trim() !== '');
}

for (const shell of Object.keys(SHELLS) as (keyof typeof SHELLS)[]) {
  const present = spawnSync(shell, ['-c', 'true']).status === 0;
  if (!present) console.warn(`SKIPPED: completion in ${shell} (it is not installed)`);

  describe.skipIf(!present)(`completion in ${shell}`, () => {
    const trimmed = (line: string) => offers(shell, line).map((text) => text.trim().replaceAll(/["'\\]/g, ''));

    it('completes commands, the values of tags, and files with a blank', () => {
      expect(trimmed('ebpfsh show se')).toEqual(['sections', 'settings']);
      expect(trimmed('ebpfsh completion p')).toEqual(['powershell']);
      expect(trimmed('ebpfsh show sections my\\ f')).toEqual(['my file.o']);
      expect(trimmed('ebpfsh show sections "my f')).toEqual(['my file.o']);
    });

    it('completes sections of the object that is named before', () => {
      expect(trimmed('ebpfsh show sections a.o x')).toEqual(['xdp']);
    });

    it('offers nothing where nothing fits', () => {
      expect(trimmed('ebpfsh nosuchcommand x')).toEqual([]);
    });
  });
}

describe('the bash script', () => {
  it('keeps what readline keeps before a word break, and puts a blank only behind what is finished', () => {
    expect(offers('bash', 'ebpfsh show sections filename=a')).toEqual(['a.o ']);
    expect(offers('bash', 'ebpfsh show sections a.o lev')).toEqual(['level=']);
    expect(offers('bash', 'ebpfsh show sections a.o le=ver')).toEqual(['verbose ']);
  });

  it('quotes names that would be commands', () => {
    expect(offers('bash', 'ebpfsh show sections x')).toEqual([String.raw`x\$\(touch\ hacked\).o `]);
    expect(offers('bash', 'ebpfsh show sections "x')).toEqual([]);
  });
});

describe('ebpfsh __complete', () => {
  it('answers value and description, a line each', () => {
    expect(ebpfsh(['__complete', 'show se'])).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: 'sections\tShows sections of an eBPF file.\nsettings\tShows everything that can be set.\n',
    });
    expect(ebpfsh(['__complete', 'interface sh']).stdout).toMatch(/^show\t/);
    expect(ebpfsh(['__complete']).stdout).toMatch(/^add\t/);
  });

  const values = (line: string) =>
    ebpfsh(['__complete', line])
      .stdout.split('\n')
      .map((row) => row.split('\t')[0])
      .slice(0, -1);

  it("knows the process's own options and what they take", () => {
    expect(values('-')).toEqual(['-a', '-c', '-f', '--help', '--version']);
    expect(ebpfsh(['__complete', '-f']).stdout).toBe('-f\tRuns the commands of a file; "-" is standard input.\n');
    expect(values('-c ')).toEqual(expect.arrayContaining(['ebpf', 'interface', 'bpftool']));
    expect(values('-c int')).toEqual(['interface']);
    expect(values('-c show')).toEqual([]);
    expect(values('-f samples/buil')).toEqual(['samples/build.sh']);
    expect(values('-a samples/inc')).toEqual(['samples/include/']);
    expect(values('-a x -f "sam')).toEqual(['samples/']);
  });

  it('completes the command behind the options, in the context that they name', () => {
    expect(values('-c interface sho')).toEqual(['show']);
    expect(values('-c interface show pl')).toEqual(['platform=']);
    expect(values('-a x.nsh show sec')).toEqual(['sections']);
    expect(values('-- show sec')).toEqual(['sections']);
    expect(values('show verification -')).toEqual([]);
  });

  it('knows the word for editors', () => {
    expect(values('da')).toEqual(['dap']);
    expect(values('show da')).toEqual([]);
  });
});

describe('ebpfsh completion', () => {
  it('knows its shells', () => {
    expect(ebpfsh(['completion', 'powershell']).stdout).toContain('Register-ArgumentCompleter -Native -CommandName ebpfsh');
    expect(ebpfsh(['completion', 'csh'])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
