import type { ContextDefinition } from '../context.ts';

/** `netsh ebpf debug>`: stepping through one verification; entered by `debug verification`. */
export const debugContext: ContextDefinition = {
  name: 'debug',
  commands: [
    { words: 'back', summary: 'Goes back along the path.', load: async () => (await import('./back.ts')).command },
    { words: 'diff', summary: 'Shows which facts differ between two points of the path.', load: async () => (await import('./diff.ts')).command },
    { words: 'failure', summary: 'Goes to a failed check along its own path.', load: async () => (await import('./failure.ts')).command },
    { words: 'goto', summary: 'Goes to an instruction or a source line.', load: async () => (await import('./goto.ts')).command },
    {
      words: 'join',
      summary: 'Shows or chooses the way on which the current block is entered.',
      load: async () => (await import('./join.ts')).command,
    },
    { words: 'list', summary: 'Lists source lines with their instructions.', load: async () => (await import('./list.ts')).command },
    { words: 'path', summary: 'Shows how the failure or the current instruction is reached.', load: async () => (await import('./path.ts')).command },
    { words: 'state', summary: 'Shows what is known before the current instruction.', load: async () => (await import('./state.ts')).command },
    { words: 'step', summary: 'Goes forward along the path.', load: async () => (await import('./step.ts')).command },
    { words: 'why', summary: 'Tells how registers came to hold what they hold.', load: async () => (await import('./why.ts')).command },
  ],
  contexts: [],
  groups: {},
};
