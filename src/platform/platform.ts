/** What a host offers to eBPF programs, as data. Everything else reads platforms through these types; nothing else knows names like "xdp". */

export type PlatformName = 'windows' | 'linux';

export interface Platform {
  readonly name: PlatformName;
  /** "eBPF for Windows", "Linux". */
  readonly title: string;
  readonly programTypes: readonly ProgramType[];
  readonly attachTypes: readonly AttachType[];
  /** Section name prefixes, in table order; the longest match wins (see `programTypeOfSection`). */
  readonly sections: readonly SectionPrefix[];
  readonly mapTypes: readonly MapType[];
  /** Global helpers by id; a program type may override or add by its own table. */
  readonly helpers: ReadonlyMap<number, HelperPrototype>;
  /** Kernel functions callable by BTF id, by name. */
  readonly kfuncs: ReadonlyMap<string, HelperPrototype>;
  /**
   * Functions of the C library that clang calls for large copies and fills, by name of the extern. No host has them: whoever accepts a
   * program that calls one must supply it when linking.
   */
  readonly libraryFunctions?: ReadonlyMap<string, HelperPrototype>;
  /** Layouts of the structs that `socket` and `btf` pointers of this name lead to, where access is by field (bpf_sock, bpf_tcp_sock, bpf_flow_keys). */
  readonly structs?: ReadonlyMap<string, ContextLayout>;
  readonly limits: Limits;
}

export interface Limits {
  /** Bytes per frame. */
  readonly stackSize: number;
  readonly callFrames: number;
  /** Bytes over all frames of a call chain, as the host enforces it (512 on Linux, 512 per frame on Windows). */
  readonly combinedStack: number;
  readonly tailCalls: number;
  /** Largest packet in bytes a program can see. */
  readonly packetSize: number;
  /** Bytes that may lie between the packet's start and end all the same, where the host can put several packets into one. */
  readonly linearSize?: number;
  /** Largest instruction count in slots; undefined = no documented limit. */
  readonly instructions?: number;
}

export interface ProgramType {
  /** As netsh/libbpf print it: "xdp", "sock_addr", "sched_cls". */
  readonly name: string;
  /** bpf_prog_type number on this platform. */
  readonly id: number;
  readonly guid?: string;
  readonly context: ContextLayout;
  /** Helper ids available; undefined = every global helper. */
  readonly helperIds?: ReadonlySet<number>;
  /** Helpers of this type only, and overrides of global ones, by id. */
  readonly ownHelpers?: ReadonlyMap<number, HelperPrototype>;
  /** Accepted r0 at exit; undefined = any number. */
  readonly returns?: ReturnRange;
  /** Whether pointer values may leave (be stored in maps, compared, returned) on this platform; the default false is the safe one. */
  readonly allowPointerLeaks?: boolean;
  /** LD_ABS/LD_IND are allowed (socket filter, tc, ...). */
  readonly legacyPacketAccess?: boolean;
  /** Direct packet writes are allowed (sched_cls, xdp ... but not socket filters). */
  readonly packetWrite?: boolean;
}

export interface ReturnRange {
  readonly min: number;
  readonly max: number;
}

export interface AttachType {
  readonly name: string;
  readonly id: number;
  readonly guid?: string;
  readonly programType: string;
  /** Overrides the program type's range. */
  readonly returns?: ReturnRange;
  /** What programs are attached to, by name, where it decides more than the attach type does. */
  readonly targets?: ReadonlyMap<string, AttachTarget>;
}

/** A function of the host that programs are attached to. */
export interface AttachTarget {
  /** Accepted r0 at exit, whatever the attach type says; undefined = any number. */
  readonly returns?: ReturnRange;
  /** The word of the context, by its offset in bytes, that holds what was returned so far. */
  readonly result?: ReturnRange & { readonly offset: number };
}

export interface SectionPrefix {
  readonly prefix: string;
  /** true: the whole section name must match or be followed by one of "/", "." or end; false: plain prefix. */
  readonly exact: boolean;
  readonly programType: string;
  readonly attachType?: string;
  /** May sleep (".s" variants). */
  readonly sleepable?: boolean;
  /** A habit of loaders (iproute2, kernel samples), not a rule of libbpf: other evidence may overrule it. */
  readonly convention?: boolean;
}

export interface ContextLayout {
  /** The C struct: "xdp_md". */
  readonly name: string;
  /** Bytes. 0: no context. */
  readonly size: number;
  readonly fields: readonly ContextField[];
  /** What an access outside `fields` but inside `size` is: refused, or an unknown number (pt_regs, raw tracepoint args). */
  readonly gaps: 'refused' | 'number';
  /** Byte ranges refused although `gaps` is 'number' (the first 8 bytes of a tracepoint record). */
  readonly refused?: readonly { readonly offset: number; readonly size: number }[];
  /**
   * Fields only name bytes: any access inside `size` that touches no pointer field is allowed at any width and alignment,
   * stores included (eBPF for Windows). Absent: accesses are aligned to their width and obey the field's rules (Linux).
   */
  readonly loose?: boolean;
  /** A loose layout whose accesses are aligned to their width all the same. */
  readonly aligned?: boolean;
  /** The words are arguments of the traced function, typed by the kernel's BTF: each may be a number or a kernel pointer whose loads cannot fault. */
  readonly typedArguments?: boolean;
}

/** What a full-width load of the field yields. */
export type ContextFieldKind = 'number' | 'packet' | 'packet_end' | 'packet_meta' | 'socket' | 'btf' | 'memory_end';

export interface ContextField {
  readonly name: string;
  readonly offset: number;
  /** Width in bytes of the field (whole array for arrays). */
  readonly size: number;
  readonly kind: ContextFieldKind;
  /** Element width for arrays and for the widest single access; defaults to `size`. */
  readonly element?: number;
  /** Narrower aligned loads allowed (bpf_ctx_narrow_access_ok). */
  readonly narrow: boolean;
  /** Narrower loads begin where the field begins. */
  readonly fromStart?: boolean;
  /** Bytes of the narrowest load; default: 1. */
  readonly narrowest?: number;
  /** Bytes that hold the value, where the rest of the field is padding: narrower loads stay within them. */
  readonly used?: number;
  readonly writable: boolean;
  /** Widths of accepted stores in bytes; default: the element width alone. */
  readonly writeWidths?: readonly number[];
  /** The field exists only for programs with one of these attach types. */
  readonly attachTypes?: readonly string[];
  /** Stores are accepted only for programs with one of these attach types. */
  readonly writeAttachTypes?: readonly string[];
  /** `socket`, `btf`: may be null; the struct's name. */
  readonly nullable?: boolean;
  readonly struct?: string;
}

export interface MapType {
  /** "hash", "array" as bpftool/netsh display it. */
  readonly name: string;
  /** BPF_MAP_TYPE_HASH. */
  readonly constant: string;
  readonly id: number;
  /** What a lookup yields and which helpers apply; the class both runtimes and verifier switch on. */
  readonly kind: MapKind;
  readonly perCpu?: boolean;
  readonly lru?: boolean;
  readonly zeroKey?: boolean;
  readonly zeroValue?: boolean;
}

export type MapKind =
  | 'hash'
  | 'array'
  | 'prog_array'
  | 'perf_event_array'
  | 'map_of_maps_array'
  | 'map_of_maps_hash'
  | 'lpm_trie'
  | 'queue'
  | 'stack'
  | 'ringbuf'
  | 'user_ringbuf'
  | 'stack_trace'
  | 'cgroup_array'
  | 'devmap'
  | 'cpumap'
  | 'xskmap'
  | 'sockmap'
  | 'sockhash'
  | 'cgroup_storage'
  | 'reuseport_sockarray'
  | 'socket_storage'
  | 'inode_storage'
  | 'task_storage'
  | 'cgrp_storage'
  | 'struct_ops'
  | 'bloom_filter'
  | 'arena'
  | 'unspec'
  | 'custom';

export type ReturnKind =
  /** Signed 64-bit bounds. `atMostArgument`: also at most the value of that 0-based argument (bpf_probe_read_str and its size). */
  | { readonly kind: 'number'; readonly min?: number | bigint; readonly max?: number | bigint; readonly atMostArgument?: number }
  | { readonly kind: 'void' }
  /** Pointer to the value of the map argument (inner map pointer for maps of maps), or null. */
  | { readonly kind: 'map_value'; readonly nullable: boolean }
  /** Freshly allocated record whose size is the argument of kind `alloc_size`; acquires a reference named by `acquires`. */
  | { readonly kind: 'memory'; readonly nullable: boolean; readonly size?: number }
  | { readonly kind: 'socket'; readonly nullable: boolean; readonly struct: string }
  | { readonly kind: 'btf'; readonly nullable: boolean; readonly struct: string }
  /** Never returns on success (tail call, throw). */
  | { readonly kind: 'no_return' };

export type ArgumentKind =
  | 'anything' // any initialised value
  | 'number' // must be a number
  | 'ctx' // the unmodified context
  | 'map' // map reference
  | 'map_key' // readable key_size(map) bytes
  | 'map_value' // readable value_size(map) bytes
  | 'map_value_out' // writable value_size(map) bytes (pop, peek)
  | 'memory_read' // readable bytes, count in the next size argument
  | 'memory_write' // writable, need not be initialised, count in the next size argument
  | 'memory_readwrite' // readable and writable, initialised
  | 'size' // > 0
  | 'size_or_zero' // >= 0
  | 'fixed_read' // readable, `size` bytes given by the prototype
  | 'fixed_write' // writable, `size` bytes given by the prototype (int *, long *)
  | 'alloc_size' // constant size of the record returned (and of the buffer before it, where there is one)
  | 'allocated' // record from `memory` result (ringbuf), offset 0
  | 'callback' // address of a local function; its frame is `callback` of the prototype
  | 'callback_context' // passed through to the callback, stack pointer or null
  | 'spin_lock'
  | 'timer'
  | 'kptr'
  | 'dynptr'
  | 'iterator' // `size` bytes of the stack named `struct`, which kernel functions own
  | 'socket' // any socket-like pointer
  | 'btf' // BTF-typed kernel pointer
  | 'const_string' // NUL-terminated read-only string
  | 'percpu' // per-CPU ksym
  | 'zero'; // must be the constant 0

export interface HelperArgument {
  readonly kind: ArgumentKind;
  readonly name?: string;
  readonly nullable?: boolean;
  /** Bytes, for fixed_read/fixed_write. */
  readonly size?: number;
  /** fixed_write: the bytes are read too and must be initialised (bpf_check_mtu's length). */
  readonly initialized?: boolean;
  /** dynptr, iterator: the call constructs it; it must not be one yet. */
  readonly constructs?: boolean;
  /** memory_*: must lie in a map's value, because it outlives the call. */
  readonly inMapValue?: boolean;
  /** `ctx`: the host's own object behind the context serves too. */
  readonly orKernel?: boolean;
  /** `anything`: an address does not leave the program by it. */
  readonly staysInside?: boolean;
  /** fixed_*: must be aligned to its size on the stack too (MEM_ALIGNED). */
  readonly aligned?: boolean;
  /** memory_*: 0-based index of the argument that counts the bytes; default: the next one. */
  readonly sizeArgument?: number;
  /** `socket`, `btf`, `ctx`, `iterator`: the struct's name, where the host demands one. */
  readonly struct?: string;
}

/** Parameters with which a helper invokes a callback. */
export type CallbackParameter = 'number' | 'map' | 'map_key' | 'map_value' | 'callback_context' | 'task' | 'vma' | 'dynptr' | 'zero';

export interface HelperPrototype {
  readonly id: number;
  readonly name: string;
  readonly returns: ReturnKind;
  readonly arguments: readonly HelperArgument[];
  /** Packet pointers obtained before the call are invalid after it. */
  readonly changesPacket?: boolean;
  readonly gplOnly?: boolean;
  /** The host's implementation takes sizes as u32: the upper halves of size arguments are ignored. */
  readonly narrowSizes?: boolean;
  /** No argument may point into the packet. */
  readonly noPackets?: boolean;
  /** Map kinds the `map` argument may have; undefined = any. */
  readonly mapKinds?: readonly MapKind[];
  /** The `map` argument must have a value for each processor. */
  readonly perCpuOnly?: boolean;
  /** The result is the object of that 0-based argument by another type, and ends with it. */
  readonly casts?: number;
  /** Bytes reached through the dynptr argument must not be written. */
  readonly readOnlyResult?: boolean;
  /** What a dynptr that the call constructs shows: the packet. */
  readonly dynptrOf?: 'packet';
  /** The result is a new object of the type that the first argument names by its id in the object's BTF. */
  readonly allocatesType?: boolean;
  /** Each call moves an iterator on, so that loops that make one a turn end. */
  readonly advances?: boolean;
  /** Programs that may sleep call it in an RCU read section only. */
  readonly needsRcu?: boolean;
  /** The result must be released (ringbuf_reserve, sk_lookup, ...). */
  readonly acquires?: boolean;
  /** 0-based argument that is released. */
  readonly releases?: number;
  readonly callback?: readonly CallbackParameter[];
  /** Range that the callback must return. */
  readonly callbackReturns?: ReturnRange;
  readonly sleepableOnly?: boolean;
  /** Only programs of these types may call it; undefined = any that the tables of the type do not exclude. */
  readonly onlyForTypes?: readonly string[];
  /** Attach types or program types that exclude it although the table of the type has it. */
  readonly notForAttachTypes?: readonly string[];
  /** Only programs with one of these attach types may call it. */
  readonly onlyForAttachTypes?: readonly string[];
  /** The host passes the program's context to the implementation without the program naming it (eBPF for Windows). */
  readonly implicitContext?: boolean;
  /** A kfunc's state change that outlives the call: lock regions, RCU and preemption sections. */
  readonly region?: { readonly kind: 'rcu' | 'preempt' | 'irq'; readonly enters: boolean };
}
