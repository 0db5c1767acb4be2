import { resultValue } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, readText, requireBytes, requireMap, row } from './environment.ts';
import { windowsIdentity } from './identity.ts';
import { mapHelpers } from './maps.ts';
import { windowsMemory } from './memory.ts';
import { windowsPacket } from './packet.ts';
import { windowsTrace } from './trace.ts';

const NETWORK_CONTEXT_SIZE = 32;
const NOT_SUPPORTED = -resultValue('EBPF_OPERATION_NOT_SUPPORTED');
const INVALID_ARGUMENT = -resultValue('EBPF_INVALID_ARGUMENT');
const INSUFFICIENT_BUFFER = -resultValue('EBPF_INSUFFICIENT_BUFFER');
/** Attach types at the redirect layer, the only ones that take a redirect context. */
const REDIRECTING = new Set(['cgroup/connect4', 'cgroup/connect6']);

/** Field of the sample extension's context at a byte offset; implicit-context helpers read it. */
function sampleField(environment: HelperEnvironment, offset: number): number {
  return environment.run.context === 0 ? 0 : environment.memory.view.getUint32(environment.run.context + offset, true);
}

/** Copies text as UTF-16 and returns its length in bytes, or -EBPF_INSUFFICIENT_BUFFER. */
function copyWide(environment: HelperEnvironment, text: string, to: number, size: number): number {
  requireBytes(environment, to, size, 'buffer');
  if (text.length * 2 > size) return INSUFFICIENT_BUFFER;
  for (let index = 0; index < text.length; index++) environment.memory.view.setUint16(to + index * 2, text.charCodeAt(index), true);
  return text.length * 2;
}

const extensions: Readonly<Record<string, HelperMaker>> = {
  bpf_sock_addr_set_redirect_context: row('u32 u32 u32', 'i32', (e) => (_context: number, data: number, size: number) => {
    requireBytes(e, data, size, 'redirect context');
    if (e.run.attachType !== '' && !REDIRECTING.has(e.run.attachType)) return NOT_SUPPORTED;
    e.run.redirectContext = e.memory.read(data, size);
    return 0;
  }),
  bpf_sock_addr_get_network_context: row('u32 u32 u32', 'i32', (e) => (_context: number, to: number, size: number) => {
    requireBytes(e, to, size, 'network context');
    const { networkContext } = e.run.hook;
    if (networkContext === undefined) return NOT_SUPPORTED;
    if (size < NETWORK_CONTEXT_SIZE) return INVALID_ARGUMENT;
    e.memory.write(to, networkContext.subarray(0, NETWORK_CONTEXT_SIZE));
    return 0;
  }),
  bpf_sock_ops_get_flow_id: row('u32', 'i64', (e) => (_context: number) => e.run.hook.flowId ?? 0n),
  sample_ebpf_extension_helper_function1: row('u32', 'i32', () => (_context: number) => 0),
  sample_ebpf_extension_find: row(
    'u32 u32 u32 u32',
    'i32',
    (e) => (buffer: number, size: number, pattern: number, patternSize: number) =>
      readText(e, buffer, size).indexOf(readText(e, pattern, patternSize)),
  ),
  sample_ebpf_extension_replace: row(
    'u32 u32 i32 u32 u32',
    'i32',
    (e) => (buffer: number, size: number, position: number, replacement: number, replacementSize: number) => {
      requireBytes(e, buffer, size, 'buffer');
      requireBytes(e, replacement, replacementSize, 'replacement');
      if (position < 0 || position > size) return -1;
      const length = Math.min(size - position, readText(e, replacement, replacementSize).length);
      e.memory.bytes.copyWithin(buffer + position, replacement, replacement + length);
      return 0;
    },
  ),
  sample_ebpf_extension_helper_implicit_1: row('', 'u32', (e) => () => sampleField(e, 24)),
  sample_ebpf_extension_helper_implicit_2: row('u32', 'u32', (e) => (argument: number) => (sampleField(e, 28) + argument) >>> 0),
  sample_ext_helper_map_lookup_element: row('u32 u32', 'u32', (e) => (map: number, key: number) => requireMap(e, map).programLookup(key)),
  sample_ext_helper_map_get_value: row('u32 u32 u32 u32', 'i32', (e) => (handle: number, key: number, to: number, size: number) => {
    const map = requireMap(e, handle);
    requireBytes(e, key, map.keySize, 'map key');
    requireBytes(e, to, size, 'value');
    if (size < map.valueSize) return INSUFFICIENT_BUFFER;
    const value = map.programLookup(key);
    if (value === 0) return -resultValue('EBPF_OBJECT_NOT_FOUND');
    e.memory.bytes.copyWithin(to, value, value + map.valueSize);
    return 0;
  }),
  sample_ebpf_extension_btf_lookup: row('i64 u32 u32', 'i32', (e) => (key: bigint, text: number, size: number) => {
    const wanted = String.fromCharCode(Number(key & 0xffn));
    return readText(e, text, size).indexOf(wanted);
  }),
  bpf_process_get_image_path: row(
    'u32 u32 u32',
    'i32',
    (e) => (_context: number, to: number, size: number) => copyWide(e, e.run.hook.imagePath ?? '', to, size),
  ),
  bpf_process_get_account_name: row(
    'u32 u32 u32',
    'i32',
    (e) => (_context: number, to: number, size: number) => copyWide(e, e.run.hook.accountName ?? '', to, size),
  ),
  bpf_process_get_account_domain: row(
    'u32 u32 u32',
    'i32',
    (e) => (_context: number, to: number, size: number) => copyWide(e, e.run.hook.accountDomain ?? '', to, size),
  ),
  bpf_netevent_push_event: row('u32', 'i32', (e) => (_context: number) => {
    const { packet } = e.run;
    if (packet === undefined) return INVALID_ARGUMENT;
    e.run.events.push(e.memory.read(packet.start, packet.end - packet.start));
    return 0;
  }),
};

/** Every helper of eBPF for Windows, by name. */
export const windowsHelpers: Readonly<Record<string, HelperMaker>> = {
  ...mapHelpers,
  ...windowsIdentity,
  ...windowsMemory,
  ...windowsPacket,
  ...windowsTrace,
  ...extensions,
};
