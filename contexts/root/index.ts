import { bpftoolContext } from '../bpftool/index.ts';
import type { ContextDefinition } from '../context.ts';
import { ebpfContext } from '../ebpf/index.ts';
import { interfaceContext } from '../interface/index.ts';
import { SETTING_NAMES, SETTINGS } from '../settings.ts';
import { command as abort } from './abort.ts';
import { command as alias } from './alias.ts';
import { command as bye } from './bye.ts';
import { command as commit } from './commit.ts';
import { command as dump } from './dump.ts';
import { command as exec } from './exec.ts';
import { command as help } from './help.ts';
import { command as offline } from './offline.ts';
import { command as online } from './online.ts';
import { command as popd } from './popd.ts';
import { command as pushd } from './pushd.ts';
import { command as setFile } from './set-file.ts';
import { command as setMode } from './set-mode.ts';
import { command as showAlias } from './show-alias.ts';
import { command as showHelper } from './show-helper.ts';
import { command as showMode } from './show-mode.ts';
import { command as unalias } from './unalias.ts';
import { command as up } from './up.ts';

/**
 * `netsh>`: what every context inherits, in netsh's own words. These commands are a few lines each, so they are loaded with the table;
 * files of their own in the build would cost every start more than they weigh.
 */
export const rootContext: ContextDefinition = {
  name: 'netsh',
  commands: [
    { words: '..', staysInFront: true, summary: 'Goes up one context level.', load: async () => up },
    { words: '?', summary: 'Displays a list of commands.', load: async () => help },
    { words: 'abort', summary: 'Discards changes made while in offline mode.', load: async () => abort },
    { words: 'alias', summary: 'Adds an alias.', load: async () => alias },
    { words: 'bye', staysInFront: true, summary: 'Exits the program.', load: async () => bye },
    { words: 'commit', summary: 'Commits changes made while in offline mode.', load: async () => commit },
    {
      words: 'completion',
      summary: 'Displays a script that completes commands in another shell.',
      load: async () => (await import('./completion.ts')).command,
    },
    { words: 'dump', summary: 'Displays a configuration script.', load: async () => dump },
    { words: 'exec', staysInFront: true, summary: 'Runs a script file.', load: async () => exec },
    { words: 'exit', staysInFront: true, summary: 'Exits the program.', load: async () => bye },
    { words: 'explain', summary: 'Explains why programs are rejected.', load: async () => (await import('./explain.ts')).command },
    { words: 'fg', staysInFront: true, summary: 'Brings a job to the front.', load: async () => (await import('./jobs.ts')).jobCommands.front },
    { words: 'help', summary: 'Displays a list of commands.', load: async () => help },
    {
      words: 'help search',
      summary: 'Finds commands and explanations by what they speak of.',
      load: async () => (await import('./help-search.ts')).command,
    },
    {
      words: 'jobs',
      staysInFront: true,
      summary: 'Displays the commands that run in the background.',
      load: async () => (await import('./jobs.ts')).jobCommands.list,
    },
    {
      words: 'jobs cancel',
      staysInFront: true,
      summary: 'Ends a command that runs in the background.',
      load: async () => (await import('./jobs.ts')).jobCommands.cancel,
    },
    {
      words: 'jobs show',
      staysInFront: true,
      summary: 'Displays the output of a job.',
      load: async () => (await import('./jobs.ts')).jobCommands.show,
    },
    { words: 'jobs wait', staysInFront: true, summary: 'Follows a job to its end.', load: async () => (await import('./jobs.ts')).jobCommands.wait },
    { words: 'man', summary: 'Displays the manual page of ebpfsh.', load: async () => (await import('./man.ts')).command },
    { words: 'offline', summary: 'Sets the current mode to offline.', load: async () => offline },
    { words: 'online', summary: 'Sets the current mode to online.', load: async () => online },
    { words: 'popd', staysInFront: true, summary: 'Pops a context from the stack.', load: async () => popd },
    { words: 'pushd', staysInFront: true, summary: 'Pushes current context on stack.', load: async () => pushd },
    { words: 'quit', staysInFront: true, summary: 'Exits the program.', load: async () => bye },
    { words: 'set file', summary: 'Copies the console output to a file.', load: async () => setFile },
    { words: 'set format', summary: 'Sets the form of output for the whole session.', load: async () => (await import('./set-format.ts')).command },
    { words: 'set mode', summary: 'Sets the current mode to online or offline.', load: async () => setMode },
    ...SETTING_NAMES.map((name) => ({
      words: `set ${name}`,
      summary: SETTINGS[name].summary,
      load: async () => (await import('./set-setting.ts')).settingCommand(name),
    })),
    { words: 'show alias', summary: 'Lists all defined aliases.', load: async () => showAlias },
    { words: 'show helper', summary: 'Lists all the top-level helpers.', load: async () => showHelper },
    { words: 'show mode', summary: 'Shows the current mode.', load: async () => showMode },
    { words: 'show settings', summary: 'Shows everything that can be set.', load: async () => (await import('./show-settings.ts')).command },
    { words: 'unalias', summary: 'Deletes an alias.', load: async () => unalias },
  ],
  contexts: [bpftoolContext, ebpfContext, interfaceContext],
  groups: { set: 'Updates configuration settings.', show: 'Displays information.' },
};
