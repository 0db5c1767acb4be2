import type { Platform, ProgramType } from '../../platform/platform.ts';
import type { HookData } from '../helpers/environment.ts';
import { RuntimeError } from '../result.ts';
import type { ContextFields } from './contexts.ts';

/** What a hook knows about an event beyond the context structure; helpers ask for it. */
export interface EventFact {
  readonly name: string;
  /** `number`: decimal or hexadecimal; `text`: as it stands; `truth`: 0 or 1. */
  readonly kind: 'number' | 'text' | 'truth';
  /** Bytes that a number has. */
  readonly size: number;
  readonly apply: (data: Writable<HookData>, value: bigint | string) => void;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function number(name: string, size: number, apply: (data: Writable<HookData>, value: bigint) => void): EventFact {
  return { name, kind: 'number', size, apply: (data, value) => apply(data, BigInt(value)) };
}
function text(
  name: string,
  key: 'imagePath' | 'accountName' | 'accountDomain' | 'command' | 'sysctlName' | 'sysctlValue' | 'sysctlNewValue',
): EventFact {
  return {
    name,
    kind: 'text',
    size: 0,
    apply: (data, value) => {
      data[key] = String(value);
    },
  };
}

/** bpf_sock_addr_network_context_t. */
const NETWORK_CONTEXT_SIZE = 32;
const NETWORK_CONTEXT_VERSION = 1;

function network(name: string, offset: number, size: 4 | 8): EventFact {
  return number(name, size, (data, value) => {
    const bytes = data.networkContext?.slice() ?? networkContext();
    const view = new DataView(bytes.buffer);
    if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
    data.networkContext = bytes;
  });
}

/** The network context of an Ethernet interface (IF_TYPE_ETHERNET_CSMACD) without tunnel. */
function networkContext(): Uint8Array {
  const bytes = new Uint8Array(NETWORK_CONTEXT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, NETWORK_CONTEXT_VERSION, true);
  view.setUint32(4, 6, true);
  return bytes;
}

const thread = number('thread_id', 4, (data, value) => {
  data.threadId = Number(value);
});
const process = number('process_id', 4, (data, value) => {
  data.processId = Number(value);
});
const logon = number('logon_id', 8, (data, value) => {
  data.logonId = value;
});
const admin: EventFact = {
  name: 'is_admin',
  kind: 'truth',
  size: 1,
  apply: (data, value) => {
    data.admin = value !== 0n;
  },
};
const cookie = number('socket_cookie', 8, (data, value) => {
  data.socketCookie = value;
});
const flow = number('flow_id', 8, (data, value) => {
  data.flowId = value;
});

const caller = [process, thread];

const windows: Readonly<Record<string, readonly EventFact[]>> = {
  // The process is a field of the context.
  bind: [thread, logon, admin],
  sock_addr: [
    process,
    thread,
    logon,
    admin,
    cookie,
    network('interface_type', 4, 4),
    network('tunnel_type', 8, 4),
    network('next_hop_interface_luid', 16, 8),
    network('sub_interface_index', 24, 4),
  ],
  sockops: [process, thread, flow],
  process: [thread, text('image_path', 'imagePath'), text('account_name', 'accountName'), text('account_domain', 'accountDomain')],
};

const linux: Readonly<Record<string, readonly EventFact[]>> = {
  cgroup_sysctl: [...caller, text('name', 'sysctlName'), text('current_value', 'sysctlValue'), text('new_value', 'sysctlNewValue')],
};
const linuxCaller: readonly EventFact[] = [...caller, text('command', 'command'), cookie];

/** The facts that a test of a program of this type may give, besides the fields of its context. */
export function eventFacts(platform: Platform, type: ProgramType): readonly EventFact[] {
  const own = platform.name === 'windows' ? (windows[type.name] ?? caller) : [...(linux[type.name] ?? []), ...linuxCaller];
  const fields = new Set(type.context.fields.map(({ name }) => name));
  return own.filter(({ name }, index) => !fields.has(name) && own.findIndex((other) => other.name === name) === index);
}

/** Attach types of sock_addr where the host knows how the connection goes out: after routing, and on the way in. */
const ROUTED = /^cgroup\/(connect_authorization|recv_accept|bind|listen)[46]$/;

/** What a hook knows when nobody says anything. */
export function defaultFacts(platform: Platform, attachType: string): HookData {
  if (platform.name !== 'windows') return {};
  if (attachType === 'process') return { imagePath: 'C:\\Program Files\\Example\\example.exe', accountName: 'user', accountDomain: 'EXAMPLE' };
  return ROUTED.test(attachType) ? { networkContext: networkContext() } : {};
}

/**
 * Divides what a test gave by name into fields of the context and facts, which go on top of `base`.
 * Throws EBPF_INVALID_ARGUMENT for a number that does not fit; unknown names are left to `buildContext`.
 */
export function splitFacts(
  platform: Platform,
  type: ProgramType,
  given: Readonly<Record<string, number | bigint | string | Uint8Array>>,
  base: HookData,
): { readonly fields: ContextFields; readonly hook: HookData } {
  const facts = eventFacts(platform, type);
  const hook: Writable<HookData> = { ...base };
  const fields: Record<string, number | bigint | Uint8Array> = {};
  for (const [name, value] of Object.entries(given)) {
    const fact = facts.find((candidate) => candidate.name === name);
    if (fact === undefined) {
      if (typeof value === 'string') throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${type.context.name}.${name} is no text.`);
      fields[name] = value;
    } else fact.apply(hook, factValue(fact, value));
  }
  return { fields, hook };
}

function factValue(fact: EventFact, value: number | bigint | string | Uint8Array): bigint | string {
  if (fact.kind === 'text') return String(value);
  const plain = typeof value === 'bigint' || typeof value === 'number' ? BigInt(value) : undefined;
  const limit = fact.kind === 'truth' ? 2n : 1n << BigInt(fact.size * 8);
  if (plain === undefined || plain < 0n || plain >= limit) {
    throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${fact.name} is a number from 0 to ${limit - 1n}.`);
  }
  return plain;
}
