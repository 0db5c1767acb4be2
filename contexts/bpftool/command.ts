import { defineCommand } from '../command.ts';
import { machineOf } from '../runtime.ts';
import { runLine } from './line.ts';
import { NO_OPTIONS } from './options.ts';

/** Every line of the context: bpftool's grammar is not netsh's, so its words come as they are. */
export const command = defineCommand({
  tags: [{ name: 'words', type: 'rest', required: true, placeholder: 'words', help: 'A line of bpftool.' }],
  remarks: 'Lines are bpftool\'s own: "bpftool help" and "bpftool prog help" show its grammar.',
  examples: ['bpftool prog show', 'bpftool -p map dump id 5', 'bpftool prog load samples/droppacket.o droppacket'],
  run: ({ words }, environment) => {
    const { host, signal } = environment;
    return runLine(words, {
      host,
      signal,
      progress: (progress) => environment.progress(progress),
      write: (text, stream) => environment.write(text, stream),
      machine: machineOf(environment),
      options: NO_OPTIONS,
    });
  },
  text: ({ stdout, stderr }) => [
    { stream: 'stdout', text: stdout },
    { stream: 'stderr', text: stderr },
  ],
  outcome: ({ exitCode }) => ({ exitCode }),
});
