import type { ContextDefinition } from '../context.ts';

/** `netsh ebpf>`. */
export const ebpfContext: ContextDefinition = {
  name: 'ebpf',
  guid: '634d21b8-13f9-46a3-945f-885cbd661c13',
  commands: [
    {
      words: 'debug verification',
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
  groups: { debug: 'Steps through what the verifier knew.', show: 'Displays information.' },
};
