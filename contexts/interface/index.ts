import type { ContextDefinition } from '../context.ts';

/** `netsh interface>`: interfaces that exist only here, for XDP programs. */
export const interfaceContext: ContextDefinition = {
  name: 'interface',
  commands: [
    { words: 'add', summary: 'Adds a virtual interface.', changes: true, load: async () => (await import('./add.ts')).command },
    { words: 'delete', summary: 'Deletes a virtual interface.', changes: true, load: async () => (await import('./delete.ts')).command },
    {
      words: 'set',
      summary: 'Renames a virtual interface, or feeds it with packets.',
      changes: true,
      load: async () => (await import('./set.ts')).command,
    },
    { words: 'show', summary: 'Shows virtual interfaces.', load: async () => (await import('./show.ts')).command },
    // As the interface context of netsh on Windows has it.
    { words: 'show interface', summary: 'Shows virtual interfaces.', load: async () => (await import('./show.ts')).command },
  ],
  contexts: [],
  groups: {},
};
