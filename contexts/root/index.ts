import type { ContextDefinition } from '../context.ts';
import { ebpfContext } from '../ebpf/index.ts';

/** `netsh>`: what every context inherits, in netsh's own words. */
export const rootContext: ContextDefinition = {
  name: 'netsh',
  commands: [
    { words: '..', summary: 'Goes up one context level.', load: async () => (await import('./up.ts')).command },
    { words: '?', summary: 'Displays a list of commands.', load: async () => (await import('./help.ts')).command },
    { words: 'abort', summary: 'Discards changes made while in offline mode.', load: async () => (await import('./abort.ts')).command },
    { words: 'alias', summary: 'Adds an alias.', load: async () => (await import('./alias.ts')).command },
    { words: 'bye', summary: 'Exits the program.', load: async () => (await import('./bye.ts')).command },
    { words: 'commit', summary: 'Commits changes made while in offline mode.', load: async () => (await import('./commit.ts')).command },
    { words: 'dump', summary: 'Displays a configuration script.', load: async () => (await import('./dump.ts')).command },
    { words: 'exec', summary: 'Runs a script file.', load: async () => (await import('./exec.ts')).command },
    { words: 'exit', summary: 'Exits the program.', load: async () => (await import('./bye.ts')).command },
    { words: 'help', summary: 'Displays a list of commands.', load: async () => (await import('./help.ts')).command },
    { words: 'offline', summary: 'Sets the current mode to offline.', load: async () => (await import('./offline.ts')).command },
    { words: 'online', summary: 'Sets the current mode to online.', load: async () => (await import('./online.ts')).command },
    { words: 'popd', summary: 'Pops a context from the stack.', load: async () => (await import('./popd.ts')).command },
    { words: 'pushd', summary: 'Pushes current context on stack.', load: async () => (await import('./pushd.ts')).command },
    { words: 'quit', summary: 'Exits the program.', load: async () => (await import('./bye.ts')).command },
    { words: 'set file', summary: 'Copies the console output to a file.', load: async () => (await import('./set-file.ts')).command },
    { words: 'set mode', summary: 'Sets the current mode to online or offline.', load: async () => (await import('./set-mode.ts')).command },
    { words: 'show alias', summary: 'Lists all defined aliases.', load: async () => (await import('./show-alias.ts')).command },
    { words: 'show helper', summary: 'Lists all the top-level helpers.', load: async () => (await import('./show-helper.ts')).command },
    { words: 'show mode', summary: 'Shows the current mode.', load: async () => (await import('./show-mode.ts')).command },
    { words: 'unalias', summary: 'Deletes an alias.', load: async () => (await import('./unalias.ts')).command },
  ],
  contexts: [ebpfContext],
  groups: { set: 'Updates configuration settings.', show: 'Displays information.' },
};
