import { type HelperEnvironment, storeField } from '../helpers/environment.ts';

/** Names of a socket's fields in contexts that describe a connection. */
const socketFields: Readonly<Record<string, readonly string[]>> = {
  bound_dev_if: ['bound_dev_if'],
  family: ['family', 'user_family'],
  type: ['type'],
  protocol: ['protocol'],
  src_ip4: ['local_ip4', 'src_ip4'],
  src_ip6: ['local_ip6', 'src_ip6'],
  src_port: ['local_port', 'src_port'],
  dst_port: ['remote_port', 'dst_port'],
  dst_ip4: ['remote_ip4', 'dst_ip4'],
  dst_ip6: ['remote_ip6', 'dst_ip6'],
  state: ['state'],
};

/** Context fields that lead to a kernel structure get the block that stands for it; a socket is the one that the context describes. */
export function fillObjects(environment: HelperEnvironment): void {
  const { run, memory, kernel } = environment;
  for (const { kind, struct = '', offset, size, name } of run.layout?.fields ?? []) {
    if ((kind !== 'socket' && kind !== 'btf') || absentObjects.has(name)) continue;
    const address = kernel.standIn(kind === 'socket' ? 'bpf_sock' : struct);
    storeField(environment, run.context + offset, size, address);
    if (kind === 'socket') describeSocket(environment, address);
  }
  // A socket buffer's flow keys lie in memory of their own, fresh for every run.
  if (run.programType === 'flow_dissector') memory.bytes.fill(0, kernel.standIn('bpf_flow_keys'), kernel.standIn('bpf_flow_keys') + FLOW_KEYS);
}
/** Null unless something else happens: the socket that a lookup may select, the one that connections migrate from. */
const absentObjects: ReadonlySet<string> = new Set(['migrating_sk']);
const FLOW_KEYS = 56;

function describeSocket(environment: HelperEnvironment, socket: number): void {
  const { run, memory } = environment;
  const target = environment.kernel.layoutOf('bpf_sock');
  if (target === undefined || run.layout === undefined) return;
  memory.bytes.fill(0, socket, socket + target.size);
  // A packet's context has other things under these names.
  const describes = run.layout.name !== '__sk_buff';
  for (const { name, offset, size } of target.fields) {
    const source = describes ? run.layout.fields.find((field) => socketFields[name]?.includes(field.name) && field.size === size) : undefined;
    if (source !== undefined) memory.bytes.copyWithin(socket + offset, run.context + source.offset, run.context + source.offset + size);
  }
}
