import { mapEventPipe } from './event-pipe.ts';
import type { Kind } from './grammar.ts';
import { linkDetach, linkShow } from './link-verbs.ts';
import { mapCreate } from './map-create.ts';
import { mapDump } from './map-dump.ts';
import { mapShow } from './map-show.ts';
import { mapDelete, mapDequeue, mapEnqueue, mapFreeze, mapGetNext, mapLookup, mapPeek, mapPop, mapPush, mapUpdate } from './map-verbs.ts';
import { netAttach, netDetach, netShow } from './net-verbs.ts';
import { pinVerb } from './pin.ts';
import { progDump } from './prog-dump.ts';
import { progLoad, progLoadAll } from './prog-load.ts';
import { progRun } from './prog-run.ts';
import { progShow } from './prog-show.ts';
import type { Verb } from './verb.ts';

export interface ObjectRow {
  readonly name: Kind | 'net';
  /** The first whose word begins as typed is meant, so their order decides what an abbreviation is; without a verb the first one. */
  readonly verbs: readonly Verb[];
  /** What the capital letters in the usage lines stand for. */
  readonly terms: readonly string[];
}

const PROG = 'PROG := { id PROG_ID | pinned FILE | name PROG_NAME }';
const MAP = 'MAP := { id MAP_ID | pinned FILE | name MAP_NAME }';
const OPTIONS = `OPTIONS := { {-j|--json} [{-p|--pretty}] | {-d|--debug} | {-l|--legacy} |
                    {-f|--bpffs} | {-m|--mapcompat} | {-n|--nomount} }`;

/** The objects of bpftool and what can be done with them. */
export const objects: readonly ObjectRow[] = [
  {
    name: 'prog',
    verbs: [progShow, progDump, pinVerb('prog', 'pin   PROG FILE'), progLoad, progLoadAll, progRun],
    terms: [MAP, PROG, 'TYPE := { bind | cgroup/connect4 | cgroup/connect6 | xdp }', OPTIONS],
  },
  {
    name: 'map',
    verbs: [
      mapShow,
      mapCreate,
      mapDump,
      mapUpdate,
      mapLookup,
      mapGetNext,
      mapDelete,
      pinVerb('map', 'pin        MAP  FILE'),
      mapEventPipe,
      mapPeek,
      mapPush,
      mapPop,
      mapEnqueue,
      mapDequeue,
      mapFreeze,
    ],
    terms: [
      MAP,
      'DATA := { [hex] BYTES }',
      PROG,
      'VALUE := { DATA | MAP | PROG }',
      'UPDATE_FLAGS := { any | exist | noexist }',
      `TYPE := { hash | array | prog_array | percpu_hash | percpu_array |
                 hash_of_maps | array_of_maps | lru_hash | lpm_trie | queue |
                 lru_percpu_hash | stack | ringbuf | perf_event_array | ... }`,
      OPTIONS,
    ],
  },
  {
    name: 'link',
    verbs: [linkShow, pinVerb('link', 'pin        LINK  FILE'), linkDetach],
    terms: ['LINK := { id LINK_ID | pinned FILE }', OPTIONS],
  },
  {
    name: 'net',
    verbs: [netShow, netAttach, netDetach],
    terms: [PROG, 'ATTACH_TYPE := { xdp | xdpgeneric | xdpdrv | xdpoffload }', OPTIONS],
  },
];
