import type { ContextDefinition } from '../context.ts';

/** `netsh ebpf>`. */
export const ebpfContext: ContextDefinition = {
  name: 'ebpf',
  guid: '634d21b8-13f9-46a3-945f-885cbd661c13',
  commands: [
    {
      words: 'add program',
      summary: 'Loads an eBPF program.',
      changes: true,
      load: async () => (await import('./add-program.ts')).command,
    },
    {
      words: 'convert',
      summary: 'Makes a native image or C source of an eBPF object.',
      changes: true,
      load: async () => (await import('./convert.ts')).command,
    },
    {
      words: 'delete map',
      summary: 'Deletes an entry of an eBPF map.',
      changes: true,
      load: async () => (await import('./delete-map.ts')).command,
    },
    {
      words: 'delete program',
      summary: 'Deletes an eBPF program.',
      changes: true,
      load: async () => (await import('./delete-program.ts')).command,
    },
    {
      words: 'dump',
      summary: 'Displays a script that recreates what is loaded.',
      load: async () => (await import('./dump.ts')).command,
    },
    {
      words: 'pin link',
      summary: 'Pins an eBPF link.',
      changes: true,
      load: async () => (await import('./pin.ts')).pinLink,
    },
    {
      words: 'pin map',
      summary: 'Pins an eBPF map.',
      changes: true,
      load: async () => (await import('./pin.ts')).pinMap,
    },
    {
      words: 'pin program',
      summary: 'Pins an eBPF program.',
      changes: true,
      load: async () => (await import('./pin.ts')).pinProgram,
    },
    {
      words: 'repair store',
      summary: 'Checks what outlives the process, and repairs it.',
      changes: true,
      load: async () => (await import('./repair-store.ts')).command,
    },
    {
      words: 'set map',
      summary: 'Sets an entry of an eBPF map.',
      changes: true,
      load: async () => (await import('./set-map.ts')).command,
    },
    {
      words: 'set policy',
      summary: 'Sets what may be loaded and how it may run.',
      changes: true,
      load: async () => (await import('./set-policy.ts')).command,
    },
    {
      words: 'set program',
      summary: 'Updates an eBPF program.',
      changes: true,
      load: async () => (await import('./set-program.ts')).command,
    },
    {
      words: 'show hash',
      summary: 'Shows the hash embedded in a native image.',
      load: async () => (await import('./show-hash.ts')).command,
    },
    {
      words: 'show helpers',
      summary: 'Shows the helpers that eBPF programs can call.',
      load: async () => (await import('./show-helpers.ts')).command,
    },
    {
      words: 'show key',
      summary: 'Shows the public key of your native images.',
      load: async () => (await import('./show-key.ts')).command,
    },
    {
      words: 'show links',
      summary: 'Shows eBPF links.',
      load: async () => (await import('./show-links.ts')).command,
    },
    {
      words: 'show map',
      summary: 'Shows the entries of an eBPF map.',
      load: async () => (await import('./show-map.ts')).command,
    },
    {
      words: 'show maps',
      summary: 'Shows eBPF maps.',
      load: async () => (await import('./show-maps.ts')).command,
    },
    {
      words: 'show pins',
      summary: 'Shows paths used by pinned programs, maps and links.',
      load: async () => (await import('./show-pins.ts')).command,
    },
    {
      words: 'show policy',
      summary: 'Shows what may be loaded and how it may run.',
      load: async () => (await import('./show-policy.ts')).command,
    },
    {
      words: 'show processes',
      summary: 'Shows processes using eBPF.',
      load: async () => (await import('./show-processes.ts')).command,
    },
    {
      words: 'show programs',
      summary: 'Shows eBPF programs.',
      load: async () => (await import('./show-programs.ts')).command,
    },
    {
      words: 'show trace',
      summary: 'Shows what eBPF programs printed.',
      load: async () => (await import('./show-trace.ts')).command,
    },
    {
      words: 'show types',
      summary: 'Shows program, attach and map types.',
      load: async () => (await import('./show-types.ts')).command,
    },
    {
      words: 'test program',
      summary: 'Runs an eBPF program on made-up input.',
      changes: true,
      load: async () => (await import('./test-program.ts')).command,
    },
    {
      words: 'unpin link',
      summary: 'Unpins an eBPF link.',
      changes: true,
      load: async () => (await import('./unpin.ts')).unpinLink,
    },
    {
      words: 'unpin map',
      summary: 'Unpins an eBPF map.',
      changes: true,
      load: async () => (await import('./unpin.ts')).unpinMap,
    },
    {
      words: 'unpin program',
      summary: 'Unpins an eBPF program.',
      changes: true,
      load: async () => (await import('./unpin.ts')).unpinProgram,
    },
    {
      words: 'watch',
      summary: 'Verifies an eBPF file again whenever it changes.',
      load: async () => (await import('./watch.ts')).command,
    },
    {
      words: 'debug guide',
      summary: 'Asks one question at a time, from a failure to a fix or a verdict.',
      load: async () => (await import('./debug-guide.ts')).command,
    },
    {
      words: 'debug screen',
      staysInFront: true,
      summary: 'Opens the full-screen debugger on an eBPF program.',
      load: async () => (await import('./debug-screen.ts')).command,
    },
    {
      words: 'debug verification',
      staysInFront: true,
      summary: 'Steps through the verification of an eBPF program.',
      load: async () => (await import('./debug-verification.ts')).command,
    },
    {
      words: 'show disassembly',
      summary: 'Shows disassembly of an eBPF program.',
      load: async () => (await import('./show-disassembly.ts')).command,
    },
    { words: 'show sections', summary: 'Shows sections of an eBPF file.', load: async () => (await import('./show-sections.ts')).command },
    {
      words: 'show verification',
      summary: 'Shows results of trying to verify an eBPF program.',
      load: async () => (await import('./show-verification.ts')).command,
    },
  ],
  contexts: [],
  groups: {
    add: 'Adds a configuration entry to a table.',
    debug: 'Steps through what the verifier knew.',
    delete: 'Deletes a configuration entry from a table.',
    pin: 'Pins an object, so that it outlives the process.',
    repair: 'Sets right what is damaged.',
    set: 'Updates configuration settings.',
    show: 'Displays information.',
    test: 'Runs programs on made-up input.',
    unpin: 'Unpins an object.',
  },
};
