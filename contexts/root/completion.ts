import { defineCommand } from '../command.ts';
import { COMPLETION_SCRIPTS } from './completion-scripts.ts';

export const command = defineCommand({
  tags: [{ name: 'shell', type: ['bash', 'zsh', 'fish', 'powershell'], required: true, help: 'The shell that is to complete the words of ebpfsh.' }],
  remarks: 'Its first line says how that shell takes it.',
  examples: ['completion bash', 'completion powershell'],
  run: ({ shell }) => COMPLETION_SCRIPTS[shell],
  text: (script) => script,
});
