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
  const { run, kernel } = environment;
  for (const { kind, struct = '', offset, size, name } of run.layout?.fields ?? []) {
    if ((kind !== 'socket' && kind !== 'btf') || absentObjects.has(`${run.layout?.name}.${name}`)) continue;
    // bpf_sock_common is the beginning of bpf_sock.
    const socket = struct.startsWith('bpf_sock');
    const address = kernel.standIn(socket ? 'bpf_sock' : struct);
    storeField(environment, run.context + offset, size, address);
    if (socket) describeSocket(environment, address);
  }
  if (run.programType === 'flow_dissector') beginDissection(environment, kernel.standIn(FLOW_KEYS));
}
/** Null unless something else happens: the socket that a lookup may select, the one that connections migrate from. */
const absentObjects: ReadonlySet<string> = new Set(['bpf_sk_lookup.sk', 'sk_reuseport_md.migrating_sk']);

/** The structure that a flow dissector fills; a test run gives it back as data. */
const FLOW_KEYS = 'bpf_flow_keys';
const FLOW_KEYS_SIZE = 56;
const ETHERNET_HEADER = 14;

/** Fresh keys: the network header follows the Ethernet header, whose type is known (bpf_flow_dissect of net/core/flow_dissector.c). */
function beginDissection({ memory, run }: HelperEnvironment, keys: number): void {
  memory.bytes.fill(0, keys, keys + FLOW_KEYS_SIZE);
  memory.view.setUint16(keys, ETHERNET_HEADER, true);
  memory.view.setUint16(keys + 2, ETHERNET_HEADER, true);
  if (run.packet !== undefined) memory.bytes.copyWithin(keys + 10, run.packet.start + 12, run.packet.start + 14);
}

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

/** What a program made of the packet that is not in the packet: a flow dissector's keys. */
export function dissected({ memory, kernel, run }: HelperEnvironment): Uint8Array | undefined {
  return run.programType === 'flow_dissector' ? memory.read(kernel.standIn(FLOW_KEYS), FLOW_KEYS_SIZE) : undefined;
}
