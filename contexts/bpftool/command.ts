import { type Command, defineCommand } from '../command.ts';
import { machineOf } from '../runtime.ts';
import { complete } from './complete.ts';
import { runLine } from './line.ts';
import { NO_OPTIONS } from './options.ts';

/** What help shows of one of the context's words. */
interface Topic {
  readonly usage: string;
  readonly remarks: string;
  readonly examples: readonly string[];
}

function lineCommand({ usage, remarks, examples }: Topic): Command {
  const command = defineCommand({
    tags: [{ name: 'words', type: 'rest', placeholder: usage, help: "What follows, in bpftool's own grammar." }],
    remarks,
    examples,
    run: ({ words = [] }, environment) => {
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
  return { ...command, complete };
}

const GRAMMAR = (object: string) => `"bpftool ${object} help" shows the whole grammar; -j and -p before it give JSON.`;

/** Every line of the context: bpftool's grammar is not netsh's, so its words come as they are. */
export const line: Command = lineCommand({ usage: 'words', remarks: GRAMMAR('prog'), examples: ['bpftool prog show'] });

/** The same command with the help of each word that a line begins with. */
export const topics: Readonly<Record<'help' | 'batch' | 'prog' | 'map' | 'link' | 'net' | 'version', Command>> = {
  help: lineCommand({ usage: 'words', remarks: GRAMMAR('prog'), examples: ['help', 'prog help'] }),
  batch: lineCommand({
    usage: 'file FILE',
    remarks: 'Lines run one after another up to the first that fails; # begins a comment, a backslash at its end continues a line.',
    examples: ['batch file commands.txt', '-j batch file commands.txt'],
  }),
  prog: lineCommand({
    usage: 'command',
    remarks: GRAMMAR('prog'),
    examples: [
      'prog show',
      '-p prog show id 5',
      'prog load samples/droppacket.o droppacket',
      'prog run name DropPacket data_in packet.bin repeat 1000',
      'prog dump xlated pinned droppacket',
    ],
  }),
  map: lineCommand({
    usage: 'command',
    remarks: GRAMMAR('map'),
    examples: [
      'map show',
      'map create flows type hash key 4 value 8 entries 64 name flows',
      'map update pinned flows key 1 0 0 0 value hex 2a 0 0 0 0 0 0 0',
      '-j map dump name flows',
    ],
  }),
  link: lineCommand({ usage: 'command', remarks: GRAMMAR('link'), examples: ['link show', 'link pin id 5 mylink', 'link detach id 5'] }),
  net: lineCommand({
    usage: 'command',
    remarks: GRAMMAR('net'),
    examples: ['net show', 'net attach xdp pinned droppacket dev loopback_0', 'net detach xdp dev loopback_0'],
  }),
  version: lineCommand({ usage: 'words', remarks: 'The version tells whose grammar and output these are.', examples: ['version', '-j version'] }),
};
