import type { ContextDefinition } from '../context.ts';

/** `netsh ebpf debug>`: stepping through one verification; entered by `debug verification`. */
export const debugContext: ContextDefinition = {
  name: 'debug',
  commands: [
    {
      words: 'attack',
      summary: 'Searches for an input with which a failed check goes wrong.',
      load: async () => (await import('./attack.ts')).command,
    },
    { words: 'assume', summary: 'Takes something to hold and verifies again.', load: async () => (await import('./assume.ts')).command },
    { words: 'back', summary: 'Goes back along the path.', load: async () => (await import('./back.ts')).command },
    { words: 'diff', summary: 'Shows which facts differ between two points of the path.', load: async () => (await import('./diff.ts')).command },
    { words: 'failure', summary: 'Goes to a failed check along its own path.', load: async () => (await import('./failure.ts')).command },
    { words: 'fix', summary: 'Lists changes that repair a failed check, or applies one.', load: async () => (await import('./fix.ts')).command },
    { words: 'goto', summary: 'Goes to an instruction or a source line.', load: async () => (await import('./goto.ts')).command },
    {
      words: 'guide',
      staysInFront: true,
      summary: 'Asks one question at a time, up to a fix or a verdict.',
      load: async () => (await import('./guide.ts')).command,
    },
    {
      words: 'join',
      summary: 'Shows or chooses the way on which the current block is entered.',
      load: async () => (await import('./join.ts')).command,
    },
    { words: 'list', summary: 'Lists source lines with their instructions.', load: async () => (await import('./list.ts')).command },
    { words: 'path', summary: 'Shows how the failure or the current instruction is reached.', load: async () => (await import('./path.ts')).command },
    { words: 'replay', summary: 'Runs an input that attack found again.', load: async () => (await import('./replay.ts')).command },
    { words: 'prove', summary: 'Asks whether something follows from what is known.', load: async () => (await import('./prove.ts')).command },
    { words: 'screen', staysInFront: true, summary: 'Opens the full-screen debugger.', load: async () => (await import('./screen.ts')).command },
    { words: 'state', summary: 'Shows what is known before the current instruction.', load: async () => (await import('./state.ts')).command },
    { words: 'step', summary: 'Goes forward along the path.', load: async () => (await import('./step.ts')).command },
    { words: 'undo', summary: 'Takes back the last assumption or fix.', load: async () => (await import('./undo.ts')).command },
    { words: 'why', summary: 'Tells how registers came to hold what they hold.', load: async () => (await import('./why.ts')).command },
  ],
  raw: {
    words: '1|2|...',
    summary: 'Answers the question of guide.',
    takes: (word) => /^[1-9]$/.test(word),
    load: async () => (await import('./guide.ts')).answer,
  },
  contexts: [],
  groups: {},
};
