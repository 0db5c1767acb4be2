import type { FrameVerdict } from '../../src/runtime/hooks/xdp.ts';
import { defineCommand, type Fragment } from '../command.ts';
import { UsageError } from '../errors.ts';
import { MISSING_PARAMETERS, OK, PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { machineOf } from '../runtime.ts';
import { capturedPackets, encodeCapture, type FeedResult, feed, generatedPackets } from './feed.ts';
import { findInterface, INTERFACE_PLATFORM, NAME } from './tags.ts';

/** The store is locked while packets arrive: other processes wait. */
const MOST_GENERATED = 100_000_000;

export const command = defineCommand({
  tags: [
    NAME,
    { name: 'alias', type: 'string', help: 'What people call it from now on.' },
    { name: 'feed', type: 'file', help: 'A capture (pcap or pcapng) whose packets arrive at the interface.' },
    { name: 'generate', type: 'integer', named: true, help: 'How many made-up UDP packets arrive at the interface.' },
    { name: 'pass', type: 'file', named: true, help: 'The capture that gets the packets that passed; .pcapng or .pcap.' },
    { name: 'drop', type: 'file', named: true, help: 'The capture that gets the packets that were dropped.' },
    { name: 'tx', type: 'file', named: true, help: 'The capture that gets the packets that were sent back.' },
    INTERFACE_PLATFORM,
  ],
  remarks: 'Packets go through the XDP program of the interface and are counted; without one, all pass.',
  examples: [
    'interface set eth1 "Office LAN"',
    'interface set 1 feed=trace.pcap pass=clean.pcapng drop=dropped.pcap',
    'interface set 1 generate=1000',
  ],
  async run(tags, environment) {
    const { host, signal } = environment;
    const { alias, feed: path, generate } = tags;
    if (alias === undefined && path === undefined && generate === undefined) throw new UsageError(MISSING_PARAMETERS);
    if (path !== undefined && generate !== undefined)
      throw new UsageError(`Packets come from feed or from generate, not from both.\n${PARAMETER_INCORRECT}`);
    if (generate !== undefined && generate > MOST_GENERATED)
      throw new UsageError(
        `${unacceptableValue(String(generate), 'generate')} At most ${MOST_GENERATED} packets are made up at once.\n${PARAMETER_INCORRECT}`,
      );
    const capture = path === undefined ? undefined : await host.readFile(path);
    const outputs = (['pass', 'drop', 'tx'] as const).flatMap((verdict) => (tags[verdict] === undefined ? [] : [{ verdict, path: tags[verdict] }]));
    const fed = await machineOf(environment).onPlatform(tags.platform ?? 'windows', async (runtime) => {
      const found = findInterface(runtime, tags.name);
      if (alias !== undefined) runtime.interfaces.setAlias(found.index, alias);
      const packets = capture ? capturedPackets(capture, path!) : generate === undefined ? undefined : generatedPackets(generate);
      return packets && feed(runtime, found, packets, new Set<FrameVerdict>(outputs.map(({ verdict }) => verdict)), signal);
    });
    if (fed) for (const output of outputs) await host.writeFile(output.path, encodeCapture(output.path, fed.kept[output.verdict]));
    return fed;
  },
  text: (fed): string | readonly Fragment[] => (fed ? feedText(fed) : OK),
  json: (fed) => {
    if (!fed) return { schema: 1 };
    const { kept, ...rest } = fed;
    return { schema: 1, ...rest };
  },
  outcome: (fed) => ({ exitCode: fed?.damage === undefined ? 0 : 1 }),
});

function feedText({ frames, bytes, counts, actions, skipped, damage }: FeedResult): readonly Fragment[] {
  const rows: (readonly [string, string])[] = [
    ['Received', `${frames} packets, ${bytes} bytes`],
    ['Passed', String(counts.pass)],
    ['Dropped', String(counts.drop)],
    ['Sent back', String(counts.tx)],
    ...(counts.redirect > 0 ? [['Redirected', String(counts.redirect)] as const] : []),
    ...(skipped > 0 ? [['Skipped', `${skipped} (no Ethernet or IP, or too long)`] as const] : []),
    ...Object.entries(actions).map(([name, count]) => [`  ${name}`, String(count)] as const),
  ];
  return [
    { stream: 'stdout', text: rows.map(([key, value]) => `${key.padEnd(13)}: ${value}\n`).join('') },
    { stream: 'stderr', text: damage === undefined ? '' : `error: ${damage}\n` },
  ];
}
