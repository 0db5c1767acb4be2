/** Linux, as of its 6.x kernels on x86-64. */
import type { ContextLayout, Platform } from '../platform.ts';
import { attachTypes } from './attach-types.ts';
import { helpers } from './helpers/table.ts';
import { kfuncs } from './kfuncs.ts';
import { commonSocket, flowKeys, fullSocket, tcpSocket } from './layouts/network.ts';
import { libraryFunctions } from './library-functions.ts';
import { mapTypes } from './map-types.ts';
import { programTypes } from './program-types.ts';
import { sections } from './sections.ts';

const structs: ReadonlyMap<string, ContextLayout> = new Map([fullSocket, commonSocket, tcpSocket, flowKeys].map((layout) => [layout.name, layout]));

export const linux: Platform = {
  name: 'linux',
  title: 'Linux',
  programTypes,
  attachTypes,
  sections,
  mapTypes,
  helpers,
  kfuncs,
  libraryFunctions,
  structs,
  /** MAX_BPF_STACK, MAX_CALL_FRAMES, MAX_TAIL_CALL_CNT, BPF_COMPLEXITY_LIMIT_INSNS; GSO_MAX_SIZE, which bpf_skb_pull_data makes linear, and 64 KiB for headers. */
  limits: {
    stackSize: 512,
    callFrames: 8,
    combinedStack: 512,
    tailCalls: 33,
    packetSize: 65_535,
    linearSize: 8 * 65_535 + 65_536,
    instructions: 1_000_000,
  },
};
