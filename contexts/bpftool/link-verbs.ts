import type { BpfLink } from '../../src/runtime/links.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Json } from './json.ts';
import { type Found, findOne } from './references.ts';
import { pinLines, showVerb } from './show.ts';
import { DONE, defineVerb } from './verb.ts';

/** Names of link types by the type of the program, where it alone tells (enum bpf_link_type); else "plain", as on Windows. */
const LINK_TYPES: Readonly<Record<string, string>> = {
  xdp: 'xdp',
  sched_cls: 'tcx',
  raw_tracepoint: 'raw_tracepoint',
  tracing: 'tracing',
  lsm: 'tracing',
  ext: 'tracing',
  kprobe: 'perf_event',
  tracepoint: 'perf_event',
  perf_event: 'perf_event',
  netfilter: 'netfilter',
  flow_dissector: 'netns',
  sk_lookup: 'netns',
};

export const linkShow = showVerb('link', '{ show | list }   [LINK]', describe);

export const linkDetach = defineVerb({
  words: ['detach'],
  usage: 'detach     LINK',
  slots: [{ kind: 'reference', name: 'link', of: 'link' }],
  least: 2,
  run: ({ link }, { machine }) =>
    machine.transaction(() => {
      const { runtime, object } = findOne(machine, 'link', link);
      runtime.detach(object.id);
      return DONE;
    }),
});

/** "cgroup" where the hook is one of a cgroup's. */
export function linkType({ attachType }: BpfLink): string {
  return attachType.name.startsWith('cgroup/') ? 'cgroup' : (LINK_TYPES[attachType.programType] ?? 'plain');
}

interface Details {
  readonly json: { readonly [name: string]: Json };
  readonly text: string;
}

function describe({ runtime, object }: Found<BpfLink>, withPins: boolean) {
  const { id, programId } = object;
  const type = linkType(object);
  const details = type === 'xdp' ? interfaceDetails(runtime, object) : attachDetails(object, type);
  return {
    json: { id, type, prog_id: programId, ...details.json, ...(withPins ? { pinned: runtime.pins.pathsOf(id) } : {}) },
    text: `${id}: ${type}  prog ${programId}  ${details.text}${pinLines(runtime, id, withPins)}\n`,
  };
}

function interfaceDetails(runtime: Runtime, { state, parameters: { interfaceIndex = 0 } }: BpfLink): Details {
  const device = runtime.interfaces.get(interfaceIndex);
  // Index 0 is what a detached link has on Linux; here it also means all interfaces.
  const name = state === 'detached' ? '(detached)' : interfaceIndex === 0 ? '(all)' : (device?.name ?? '(unknown)');
  const index = state === 'detached' ? 0 : interfaceIndex;
  return { json: { devname: name, ifindex: index }, text: `\n\tifindex ${index === 0 ? name : `${name}(${index})`}  ` };
}

function attachDetails({ attachType, parameters: { compartmentId } }: BpfLink, type: string): Details {
  const cgroup = type === 'cgroup';
  return {
    json: { ...(cgroup ? { cgroup_id: compartmentId ?? 0 } : {}), attach_type: attachType.name },
    text: `${cgroup ? `\n\tcgroup_id ${compartmentId ?? 0}  ` : ''}attach_type ${attachType.name}  `,
  };
}
