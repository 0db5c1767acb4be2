import { describe, expect, it } from 'vitest';
import { newSession, run } from './harness.ts';

const FOOTER = `
To view help for a command, type the command, followed by a space, and then
 type ?.
`;

const ROOT = `
The following commands are available:

Commands in this context:
..             - Goes up one context level.
?              - Displays a list of commands.
abort          - Discards changes made while in offline mode.
alias          - Adds an alias.
bpftool        - Changes to the \`netsh bpftool' context.
bye            - Exits the program.
commit         - Commits changes made while in offline mode.
completion     - Displays a script that completes commands in another shell.
dump           - Displays a configuration script.
ebpf           - Changes to the \`netsh ebpf' context.
exec           - Runs a script file.
exit           - Exits the program.
explain        - Explains why programs are rejected.
fg             - Brings a job to the front.
help           - Displays a list of commands.
interface      - Changes to the \`netsh interface' context.
jobs           - Displays the commands that run in the background.
man            - Displays the manual page of ebpfsh.
offline        - Sets the current mode to offline.
online         - Sets the current mode to online.
popd           - Pops a context from the stack.
pushd          - Pushes current context on stack.
quit           - Exits the program.
set            - Updates configuration settings.
show           - Displays information.
unalias        - Deletes an alias.

The following sub-contexts are available:
`;

const SHOW = `
The following commands are available:

Commands inherited from the netsh context:
show alias     - Lists all defined aliases.
show helper    - Lists all the top-level helpers.
show mode      - Shows the current mode.
show settings  - Shows everything that can be set.

Commands in this context:
`;

const UNALIAS = `
Usage: unalias [alias=]<name>

Parameters:

      Tag         Value
      alias     - The alias to delete.

Remarks: Deletes an alias.

`;

const SECTIONS = `
Usage: show sections [filename=]<string>
                     [[section=]<string>]
                     [[level=]normal|informational|verbose]
                     [platform=windows|linux]
                     [format=text|json]

Parameters:

      Tag         Value
      filename  - The eBPF object: an ELF file built by clang -target bpf.
      section   - The section to look at.
                  The default is every section with programs.
      level     - normal: a table. informational: a block per program.
                  verbose: the block with counts of instructions by kind.
                  The default is normal, or verbose where a section is given.
      platform  - The host whose rules apply.
                  The default is windows, or linux where a section is named as
                  only Linux does.
      format    - Form of the output: text for people, json for programs.
                  The default is text.

Remarks: Shows sections of an eBPF file. The maps of the object follow the
         programs.

Examples:

      show sections samples/bpf.o
      show sections samples/droppacket.o xdp
      show sections samples/bpf.o format=json

`;

async function answer(line: string, start = '') {
  const session = newSession();
  if (start !== '') await run(session, start);
  return run(session, line);
}

describe('help', () => {
  it('is asked without a blank, too, where that names no command', async () => {
    const asked = (await run(newSession(), 'ebpf show ver ?')).stdout;
    expect(asked).toContain('Usage: show verification');
    expect(await run(newSession(), 'ebpf show ver?')).toMatchObject({ stdout: asked, stderr: '', exitCode: 0 });
    expect((await run(newSession(), 'ebpf show?')).stdout).toBe((await run(newSession(), 'ebpf show ?')).stdout);
    expect(await run(newSession(), 'nonsense?')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('was not found: nonsense') });
    expect(await run(newSession(), 'ebpf "show ver?"')).toMatchObject({ exitCode: 2 });
    // A file may be called so.
    expect((await run(newSession(), 'ebpf show sections x?')).stderr).toBe('error: No such file or directory opening x?\n');
  });

  it('knows what is before the question, so that a prompt can go on with it', () => {
    const rest = (line: string) => {
      const at = newSession().questionAt(line);
      return at === undefined ? undefined : line.slice(0, at);
    };
    expect(rest('ebpf show ver ?')).toBe('ebpf show ver ');
    expect(rest('ebpf show ver? ')).toBe('ebpf show ver');
    expect(rest('  ebpf show ver -?')).toBe('  ebpf show ver ');
    expect(rest('ebpf show??')).toBe('ebpf show');
    expect(rest('?')).toBe('');
    expect(rest('no such words ?')).toBe('no such words ');
    for (const line of ['', 'show mode', 'ebpf "show ver?"', 'ebpf show sections x?', 'nonsense?', '# why?', '# why ?', 'ebpf ? show'])
      expect(rest(line), line).toBeUndefined();
  });

  for (const word of ['?', 'help', '/?', '-?', 'HELP']) {
    it(`${word} lists the root context`, async () => {
      const { stdout, exitCode } = await answer(word);
      expect(stdout.startsWith(ROOT)).toBe(true);
      expect(stdout.endsWith(FOOTER)).toBe(true);
      expect(exitCode).toBe(0);
    });
  }

  it('lists a context with what it inherits', async () => {
    for (const [line, start] of [
      ['ebpf ?', ''],
      ['?', 'ebpf'],
      ['eb help', ''],
      ['help', 'ebpf'],
    ] as const) {
      const { stdout } = await answer(line, start);
      expect(stdout.startsWith('\nThe following commands are available:\n\nCommands inherited from the netsh context:\n..             - Goes')).toBe(
        true,
      );
      expect(stdout).toContain('\n\nCommands in this context:\n');
      expect(stdout).toContain('\nshow           - Displays information.\n');
    }
  });

  it('lists a group with what it inherits; without ? that is a usage error', async () => {
    for (const line of ['show ?', 'sh /?', 'show help', 'help show']) {
      const { stdout, exitCode } = await answer(line, 'ebpf');
      expect(stdout.startsWith(SHOW)).toBe(true);
      expect(stdout.endsWith(FOOTER)).toBe(true);
      expect(stdout).toContain('\nshow sections  - Shows sections of an eBPF file.\n');
      expect(exitCode).toBe(0);
    }
    expect(await answer('show', 'ebpf')).toMatchObject({ exitCode: 2, stdout: (await answer('show ?', 'ebpf')).stdout });
  });

  it('explains a command', async () => {
    for (const line of ['unalias ?', 'unal /?', 'unalias help', 'help unalias', 'unalias x ?']) expect((await answer(line)).stdout).toBe(UNALIAS);
    for (const line of ['ebpf show sections ?', 'eb sh sec -?', 'ebpf show sections x.o ?']) expect((await answer(line)).stdout).toBe(SECTIONS);
  });

  it('fits 80 columns everywhere', async () => {
    const session = newSession();
    const lines = ['?', 'ebpf ?', 'interface ?'];
    for (const context of [session.root, ...session.root.contexts]) {
      for (const { words } of context.commands) lines.push(`${context === session.root ? '' : `${context.name} `}${words} ?`);
    }
    for (const line of lines) {
      for (const text of (await answer(line)).stdout.split('\n')) expect(text.length, `${line}: ${text}`).toBeLessThanOrEqual(80);
    }
  });
});
