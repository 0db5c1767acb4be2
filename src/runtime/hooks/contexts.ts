import type { ContextField, ContextLayout, Platform, ProgramType } from '../../platform/platform.ts';
import { RuntimeError } from '../result.ts';

/** Values of context fields by name: numbers for scalars, bytes for arrays and addresses. */
export type ContextFields = Readonly<Record<string, number | bigint | Uint8Array>>;

const AF_INET = 2;
const IPPROTO_TCP = 6;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
/** The numbers of the two platforms differ. */
const AF_INET6 = { windows: 23, linux: 10 } as const;
const LOOPBACK6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** What fields hold when nobody says anything: a plausible event of the kind that the hook sees most. */
const defaults: Readonly<Record<string, ContextFields>> = {
  'windows xdp': { ingress_ifindex: 1 },
  'windows bind': {
    process_id: 4242,
    socket_address: Uint8Array.of(2, 0, 0x1f, 0x90, 127, 0, 0, 1),
    socket_address_length: 16,
    operation: 0,
    protocol: IPPROTO_TCP,
  },
  'windows sock_addr': { family: AF_INET, msg_src_ip: LOOPBACK, user_ip: LOOPBACK, user_port: 0x5000, protocol: IPPROTO_TCP, compartment_id: 1 },
  'windows sockops': {
    op: 0,
    family: AF_INET,
    local_ip: LOOPBACK,
    local_port: 1234,
    remote_ip: LOOPBACK,
    remote_port: 80,
    protocol: IPPROTO_TCP,
    compartment_id: 1,
  },
  'windows process': { process_id: 4242, parent_process_id: 4, creating_process_id: 4, operation: 0 },
  'windows sample': { uint32_data: 0, uint16_data: 0, helper_data_1: 10, helper_data_2: 20 },
  'linux xdp': { ingress_ifindex: 1 },
  'linux cgroup_sock_addr': { user_family: AF_INET, user_ip4: 0x0100_007f, user_port: 0x5000, family: AF_INET, type: 1, protocol: IPPROTO_TCP },
  'linux cgroup_sock': { family: AF_INET, type: 1, protocol: IPPROTO_TCP },
  'linux sock_ops': { op: 4, family: AF_INET, remote_ip4: 0x0100_007f, local_ip4: 0x0100_007f, remote_port: 0x5000, local_port: 1234 },
};

/** Defaults of a program type, or of one of its attach types where that tells the family of addresses (cgroup/connect6). */
export function defaultFields(platform: Platform, type: ProgramType, attachType = ''): ContextFields {
  const buffer = type.context.name === '__sk_buff' && type.context.fields.some(({ name }) => name === 'ifindex');
  const known = defaults[`${platform.name} ${type.name}`] ?? (buffer ? { ifindex: 1 } : {});
  return /6$|inet6|udp6/.test(attachType) ? ofVersion6(platform, known) : known;
}

/** The same event with IPv6 addresses. */
function ofVersion6(platform: Platform, fields: ContextFields): ContextFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (name === 'family' || name === 'user_family') return [name, AF_INET6[platform.name]];
      if (value instanceof Uint8Array && value.length === LOOPBACK.length) return [name, LOOPBACK6];
      return [name.replace(/_ip4$/, '_ip6'), /_ip4$/.test(name) ? LOOPBACK6 : value];
    }),
  );
}

/** A frame of the smallest size that Ethernet has. */
const SMALLEST_FRAME = 64;

function wide(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((character) => [character.charCodeAt(0) & 0xff, character.charCodeAt(0) >>> 8]));
}

/** Data of hooks that have some besides packets: who binds, what was started, and an event (its first byte tells which: PKTMON_DROP 100). */
const defaultBytes: Readonly<Record<string, () => Uint8Array>> = {
  'windows bind': () => wide('\\device\\harddiskvolume1\\program files\\example\\example.exe'),
  'windows process': () => wide('example.exe --option'),
  'windows netevent_monitor': () => Uint8Array.from({ length: SMALLEST_FRAME }, (_, index) => (index === 0 ? 100 : 0)),
};

/** Contexts of Linux that always come with bytes of a packet or message. */
const carriers: ReadonlySet<string> = new Set(['__sk_buff', 'sk_msg_md', 'sk_reuseport_md']);

/** What programs of a type find between their data pointers when nobody says anything; undefined: nothing. */
export function defaultData(platform: Platform, type: ProgramType): Uint8Array | undefined {
  const known = defaultBytes[`${platform.name} ${type.name}`];
  if (known !== undefined) return known();
  return type.name === 'xdp' || carriers.has(type.context.name) ? new Uint8Array(SMALLEST_FRAME) : undefined;
}

/** Fields that tests may set: everything but pointers, which the runtime fills in. Arguments of traced functions are called arg0 to arg11. */
export function settableFields(layout: ContextLayout): ContextField[] {
  return [...layout.fields.filter((field) => field.kind === 'number'), ...argumentFields(layout)];
}

/** Words of contexts that are arrays of arguments (bpf_raw_tracepoint_args, trampolines). */
const ARGUMENTS_SIZE = 96;
const WORD = 8;

function argumentFields({ size, gaps, fields }: ContextLayout): ContextField[] {
  if (size !== ARGUMENTS_SIZE || gaps !== 'number') return [];
  return Array.from({ length: size / WORD }, (_, index) => ({
    name: `arg${index}`,
    offset: index * WORD,
    size: WORD,
    kind: 'number' as const,
    narrow: true,
    writable: false,
  })).filter(({ offset }) => !fields.some((field) => field.offset === offset));
}

/** The field of this name. The C structures have unions `user_ip4` and `user_ip6` where the layout has one field `user_ip`: both names work. */
export function fieldNamed(layout: ContextLayout, name: string): ContextField | undefined {
  const exact = layout.fields.find((field) => field.name === name) ?? argumentFields(layout).find((field) => field.name === name);
  return exact ?? (/_ip[46]$/.test(name) ? layout.fields.find((field) => field.name === name.slice(0, -1)) : undefined);
}

/**
 * Bytes of a context: `base` (or zeros) with the fields written over. Numbers are little endian and must fit their field.
 * Throws EBPF_INVALID_ARGUMENT for a field that the structure does not have, or a value that does not fit.
 */
export function buildContext(layout: ContextLayout, fields: ContextFields, base?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.max(layout.size, base?.length ?? 0));
  if (base !== undefined) bytes.set(base);
  for (const [name, value] of Object.entries(fields)) {
    const field = fieldNamed(layout, name);
    if (field?.kind !== 'number') {
      const known = settableFields(layout).map((candidate) => candidate.name);
      throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${layout.name} has no field ${name} to set (it has: ${known.join(', ')}).`);
    }
    writeField(layout, field, value, bytes);
  }
  return bytes;
}

function writeField(layout: ContextLayout, field: ContextField, value: number | bigint | Uint8Array, bytes: Uint8Array): void {
  const tooLarge = () => new RuntimeError('EBPF_INVALID_ARGUMENT', `${layout.name}.${field.name} has ${field.size} bytes: the value does not fit.`);
  if (value instanceof Uint8Array) {
    if (value.length > field.size) throw tooLarge();
    // An IPv4 address leaves nothing of the IPv6 address in its place.
    bytes.fill(0, field.offset, field.offset + field.size);
    bytes.set(value, field.offset);
    return;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw tooLarge();
  const width = BigInt(Math.min(field.size, 8) * 8);
  let rest = BigInt(value);
  if (rest >= 1n << width || rest < -(1n << (width - 1n))) throw tooLarge();
  rest = BigInt.asUintN(Number(width), rest);
  for (let index = 0; index < Math.min(field.size, 8); index++) {
    bytes[field.offset + index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** Values of the fields of a context, pointers left out: numbers up to 8 bytes, arrays as bytes. */
export function readContext(layout: ContextLayout, bytes: Uint8Array): Record<string, bigint | Uint8Array> {
  const values: Record<string, bigint | Uint8Array> = {};
  for (const field of settableFields(layout)) {
    if (field.offset + field.size > bytes.length) continue;
    const slice = bytes.slice(field.offset, field.offset + field.size);
    if (field.size > 8 || ![1, 2, 4, 8].includes(field.size)) values[field.name] = slice;
    else values[field.name] = slice.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }
  return values;
}
