/** eBPF for Windows, the default platform. */
import type { Platform } from '../platform.ts';
import { btfFunctions, globalHelpers } from './helpers.ts';
import { mapTypes } from './map-types.ts';
import { attachTypes, programTypes, sections } from './program-types.ts';

export const windows: Platform = {
  name: 'windows',
  title: 'eBPF for Windows',
  programTypes,
  attachTypes,
  sections,
  mapTypes,
  helpers: globalHelpers,
  kfuncs: btfFunctions,
  limits: { stackSize: 512, callFrames: 8, combinedStack: 8 * 512, tailCalls: 33, packetSize: 65_535 },
};
