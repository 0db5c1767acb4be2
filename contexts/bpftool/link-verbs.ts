import type { BpfLink } from '../../src/runtime/links.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Json } from './json.ts';
import { type Found, findOne } from './references.ts';
import { pinLines, showVerb } from './show.ts';
import { DONE, defineVerb } from './verb.ts';

/** Link types (enum bpf_link_type) by how the name of the attach type begins; the first that fits. */
const BY_ATTACH_TYPE: readonly (readonly [prefix: string, type: string])[] = [
  ['cgroup', 'cgroup'],
  ['lsm_cgroup', 'cgroup'],
  ['trace_raw_tp', 'raw_tracepoint'],
  ['trace_iter', 'iter'],
  ['trace_kprobe', 'kprobe_multi'],
  ['trace_uprobe', 'uprobe_multi'],
  ['tcx', 'tcx'],
  ['netkit', 'netkit'],
];

/** Else by the type of the program; else "plain", as on Windows. */
const BY_PROGRAM_TYPE: Readonly<Record<string, string>> = {
  xdp: 'xdp',
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
  sk_msg: 'sockmap',
  sk_skb: 'sockmap',
  struct_ops: 'struct_ops',
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

export function linkType({ attachType }: BpfLink): string {
  const known = BY_ATTACH_TYPE.find(([prefix]) => attachType.name.startsWith(prefix));
  return known?.[1] ?? BY_PROGRAM_TYPE[attachType.programType] ?? 'plain';
}

interface Details {
  readonly json: { readonly [name: string]: Json };
  readonly text: string;
}

/** What bpftool tells of a link beyond its program; of the others the attach type. */
const DETAILS: Readonly<Record<string, (runtime: Runtime, link: BpfLink) => Details>> = {
  xdp: interfaceDetails,
  cgroup: (_runtime, { attachType, parameters: { compartmentId = 0 } }) => ({
    json: { cgroup_id: compartmentId, attach_type: attachType.name },
    text: `\n\tcgroup_id ${compartmentId}  attach_type ${attachType.name}  `,
  }),
  // There is one network namespace here.
  netns: (_runtime, { attachType }) => ({
    json: { netns_ino: 0, attach_type: attachType.name },
    text: `\n\tnetns_ino 0  attach_type ${attachType.name}  `,
  }),
  tracing: (_runtime, { attachType }) => ({
    json: { prog_type: attachType.programType, attach_type: attachType.name },
    text: `\n\tprog_type ${attachType.programType}  attach_type ${attachType.name}  `,
  }),
  raw_tracepoint: (runtime, { programId }) => {
    const [, point = ''] = runtime.program(programId)?.section.split('/') ?? [];
    return { json: { tp_name: point }, text: `\n\ttp '${point}'  ` };
  },
};

function describe({ runtime, object }: Found<BpfLink>, withPins: boolean) {
  const { id, programId, attachType } = object;
  const type = linkType(object);
  const details = DETAILS[type]?.(runtime, object) ?? { json: { attach_type: attachType.name }, text: `attach_type ${attachType.name}  ` };
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
