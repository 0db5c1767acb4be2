import type { Severity } from './report.ts';
import { offsetWords, rangeWords, sized } from './words.ts';

/** What a check is about, for wording: all optional, plain values. */
export interface CheckDetails {
  readonly register?: number;
  /** Bytes of the access. */
  readonly width?: number | string;
  /** The register that holds the width, where it is an argument. */
  readonly sizeRegister?: number;
  readonly mode?: 'read' | 'write';
  /** Constant displacement of the instruction. */
  readonly displacement?: number;
  /** Kind of the offending value, for people: "number", "pointer into the packet". */
  readonly have?: string;
  /** What is required instead. */
  readonly want?: string;
  /** Size of the region in bytes, or what bounds it. */
  readonly limit?: number | string;
  /** Range of the offset from the region's start, or of the number. */
  readonly min?: number | bigint;
  readonly max?: number | bigint;
  /** By how much the inequality fails. */
  readonly distance?: number | bigint;
  readonly name?: string;
  readonly argument?: number;
  readonly note?: string;
  readonly nullable?: boolean;
  /** Types a dereference accepts, for the classic wording. */
  readonly types?: string;
  /** Stable id, where the one who reports knows it already. */
  readonly id?: string;
  /** Call sites of the functions that lead there, outermost first, where no path of the exploration tells. */
  readonly callStack?: readonly number[];
}

interface CheckRow {
  readonly severity: Severity;
  /** PREVAIL's wording where it has the check, ours in its style where it has not. */
  readonly classic: (d: CheckDetails) => string;
  /** One sentence for people. */
  readonly plain: (d: CheckDetails) => string;
  /** Default stable id; a diagnosis may choose a more specific one. */
  readonly id: string;
}

const sign = (displacement: number | undefined) =>
  displacement === undefined || displacement === 0 ? '' : displacement > 0 ? `+${displacement}` : `${displacement}`;
const access = (d: CheckDetails) =>
  `${d.nullable ? `(r${d.register}.type == number and r${d.register}.value == 0) or ` : ''}valid_access(r${d.register}.offset${sign(d.displacement)}, width=${d.sizeRegister === undefined ? d.width : `r${d.sizeRegister}`}) for ${d.mode}`;
const upper = (limit: string) => (d: CheckDetails) =>
  `Upper bound must be at most ${limit.replace('rN', `r${d.register}`).replace('LIMIT', `${d.limit}`)} (${access(d)})`;
const lower = (limit: string) => (d: CheckDetails) => `Lower bound must be at least ${limit} (${access(d)})`;
const verb = (d: CheckDetails) => (d.mode === 'write' ? 'Writes' : 'Reads');
const bytes = (n: number | string | undefined) => (n === 1 || n === '1' ? '1 byte' : `${n} bytes`);
const span = (d: CheckDetails) => rangeWords(d.min, d.max);
const reg = (d: CheckDetails) => `r${d.register}`;

/** The one table of checks: every requirement the verifier makes, how it is worded, and how severe a failure is. */
export const CHECKS = {
  register_uninitialised: {
    severity: 'safety',
    id: 'UNI-01',
    classic: (d) => `Invalid type (${reg(d)}.type ${d.types ?? '== number'})`,
    plain: (d) => `${reg(d)} is read here, but ${d.note ?? 'no path to this point sets it'}.`,
  },
  type: {
    severity: 'safety',
    id: 'TYP-01',
    classic: (d) => `Invalid type (${reg(d)}.type ${d.types ?? `== ${d.want}`})`,
    plain: (d) => `${reg(d)} is ${d.have}; ${d.want} is needed here.`,
  },
  dereference: {
    severity: 'safety',
    id: 'TYP-01',
    classic: (d) => `Invalid type (${reg(d)}.type in {ctx, stack, packet, shared, socket, alloc_mem})`,
    plain: (d) => `${reg(d)} is ${d.have} and is used as an address; only a pointer can be dereferenced.`,
  },
  null_access: {
    severity: 'safety',
    id: 'NUL-01',
    classic: (d) => `Possible null access (${d.note ?? access(d)})`,
    plain: (d) => `${reg(d)} may be null here${d.name === undefined ? '' : `: it comes from ${d.name}`} and no check on this path rules null out.`,
  },
  packet_upper: {
    severity: 'safety',
    id: 'PKT-01',
    classic: upper('packet_size'),
    plain: (d) =>
      `${verb(d)} packet bytes up to ${d.max === undefined ? 'an unknown end' : `byte ${d.max}`}, ${d.limit === 0 ? 'but no check against data_end holds on this path' : `but only the first ${d.limit} are proved`}${d.distance === undefined ? '' : `; ${bytes(`${d.distance}`)} missing`}.`,
  },
  packet_lower: {
    severity: 'safety',
    id: 'PKT-03',
    classic: lower('meta_offset'),
    plain: (d) => `${verb(d)} before the start of the packet: the offset may be as low as ${d.min}.`,
  },
  map_value_upper: {
    severity: 'safety',
    id: 'MAP-01',
    classic: upper('rN.shared_region_size'),
    plain: (d) =>
      `${verb(d)} ${bytes(d.width)} at ${offsetWords(d.min, d.max)} of a value of map ${d.name}, which has ${bytes(d.limit)}${d.distance === undefined ? '' : `; ${d.distance} too far`}.`,
  },
  map_value_lower: {
    severity: 'safety',
    id: 'MAP-04',
    classic: lower('0'),
    plain: (d) => `${verb(d)} before the start of a value of map ${d.name}: the offset may be as low as ${d.min}.`,
  },
  memory_upper: {
    severity: 'safety',
    id: 'MAP-01',
    classic: upper('rN.alloc_mem_size'),
    plain: (d) => `${verb(d)} ${bytes(d.width)} at ${offsetWords(d.min, d.max)} of a record of ${bytes(d.limit)}.`,
  },
  memory_lower: {
    severity: 'safety',
    id: 'MAP-04',
    classic: lower('0'),
    plain: (d) => `${verb(d)} before the start of a record: the offset may be as low as ${d.min}.`,
  },
  stack_upper: {
    severity: 'safety',
    id: 'STK-02',
    classic: upper('total_stack_size'),
    plain: (d) => `${verb(d)} ${bytes(d.width)} at fp${span(d)}, past the top of the ${d.limit}-byte frame.`,
  },
  stack_lower: {
    severity: 'safety',
    id: 'STK-01',
    classic: lower('r10.stack_offset - subprogram_stack_size'),
    plain: (d) => `${verb(d)} ${bytes(d.width)} at fp${span(d)}, outside the ${d.limit}-byte frame.`,
  },
  stack_uninitialised: {
    severity: 'safety',
    id: 'STK-03',
    classic: (d) => d.note ?? `Stack content is not numeric (${access(d)})`,
    plain: (d) => `Reads stack bytes that were never written (fp${d.min}).`,
  },
  stack_not_numeric: {
    severity: 'policy',
    id: 'LEAK-02',
    classic: (d) => d.note ?? `Stack content is not numeric (${access(d)})`,
    plain: (d) => `Stack bytes at fp${d.min} hold (part of) a pointer where a number is needed.`,
  },
  context_upper: {
    severity: 'safety',
    id: 'CTX-01',
    classic: upper('LIMIT'),
    plain: (d) => `Offset ${span(d)} with ${bytes(d.width)} is past struct ${d.name} (${bytes(d.limit)}).`,
  },
  context_lower: {
    severity: 'safety',
    id: 'CTX-01',
    classic: lower('0'),
    plain: (d) => `Offset ${span(d)} is before the start of struct ${d.name}.`,
  },
  context_variable: {
    severity: 'safety',
    id: 'CTX-04',
    classic: (d) => `Nonzero context offset (${access(d)})`,
    plain: (d) => `The offset into struct ${d.name} varies (${span(d)}); context fields must be accessed at constant offsets.`,
  },
  context_field: {
    severity: 'policy',
    id: 'CTX-01',
    classic: (d) => `Invalid context access (${access(d)})`,
    plain: (d) =>
      `struct ${d.name} has no field that allows ${sized(d.width)} ${d.mode} at offset ${d.min}${d.note === undefined ? '' : `: ${d.note}`}.`,
  },
  socket_field: {
    severity: 'policy',
    id: 'CTX-01',
    classic: (d) => `Invalid socket access (${access(d)})`,
    plain: (d) => `struct ${d.name} has no field that allows ${sized(d.width)} ${d.mode} at offset ${d.min}: ${d.note}.`,
  },
  context_write: {
    severity: 'safety',
    id: 'CTX-02',
    classic: (d) => `Cannot write to context pointer field (${access(d)})`,
    plain: (d) => `${d.note ?? 'The field'} of struct ${d.name} is read-only.`,
  },
  context_modified: {
    severity: 'safety',
    id: 'CTX-03',
    classic: (d) => `Nonzero context offset (${reg(d)}.ctx_offset == 0)`,
    plain: (d) => `Argument ${d.argument} of ${d.name} needs the unmodified context pointer; here it was moved by ${span(d)} bytes.`,
  },
  atomic_target: {
    severity: 'safety',
    id: 'CTX-05',
    classic: (d) => `Invalid type (${reg(d)}.type in {stack, shared, alloc_mem})`,
    plain: (d) => `Atomic operations are not possible on ${d.have}.`,
  },
  read_only: {
    severity: 'safety',
    id: 'MAP-06',
    classic: (d) => `Write to read-only memory (${access(d)})`,
    plain: (d) => `Writes to ${d.name}, which is read-only.`,
  },
  write_only: {
    severity: 'policy',
    id: 'MAP-06',
    classic: (d) => `Read from write-only memory (${access(d)})`,
    plain: (d) => `Reads from ${d.name}, which programs may only write.`,
  },
  special_field: {
    severity: 'safety',
    id: 'OBJ-01',
    classic: (d) => `Access to a special field (${access(d)})`,
    plain: (d) => `${verb(d)} bytes of the ${d.want} at offset ${d.limit} of ${d.name}, which only helpers may touch.`,
  },
  special_argument: {
    severity: 'safety',
    id: 'OBJ-01',
    classic: (d) => `Not a special field (${reg(d)})`,
    plain: (d) => `Argument ${d.argument} of ${d.name} must point to a ${d.want}; there is none at ${d.have}.`,
  },
  stack_object: {
    severity: 'safety',
    id: 'OBJ-01',
    classic: (d) => `Access to an object on the stack (${access(d)})`,
    plain: (d) => `${verb(d)} bytes${d.min === 0 ? '' : ` at fp${d.min}`} that belong to ${d.name}, which only its own functions may touch.`,
  },
  region_open: {
    severity: 'safety',
    id: 'EXE-01',
    classic: (d) => `Region still open (${d.note})`,
    plain: (d) => `${d.name} ${d.note}: what was entered must be left first.`,
  },
  packet_write: {
    severity: 'policy',
    id: 'PKT-09',
    classic: (d) => `Packet is read-only for this program type (${access(d)})`,
    plain: (d) => `Programs of type ${d.name} may not write to the packet directly.`,
  },
  leak_store: {
    severity: 'policy',
    id: 'LEAK-01',
    classic: (d) => `Only numbers can be stored to externally-visible regions (${d.note ?? `${reg(d)}.type == number`})`,
    plain: (d) => `Stores ${d.have} into ${d.want}, which is visible outside the program.`,
  },
  leak_return: {
    severity: 'policy',
    id: 'LEAK-03',
    classic: () => 'Invalid type (r0.type == number)',
    plain: (d) => `Returns ${d.have}; the result of a program must be a number.`,
  },
  leak_argument: {
    severity: 'policy',
    id: 'LEAK-02',
    classic: (d) => d.note ?? `Illegal map update with a non-numerical value`,
    plain: (d) => `The bytes passed as argument ${d.argument} of ${d.name} contain (part of) a pointer, which becomes visible outside the program.`,
  },
  stack_argument: {
    severity: 'policy',
    id: 'STK-03',
    classic: (d) => d.note ?? 'Stack content is not numeric',
    plain: (d) => `Bytes at fp${d.min} passed as argument ${d.argument} of ${d.name} were never written.`,
  },
  pointer_plus_pointer: {
    severity: 'safety',
    id: 'TYP-02',
    classic: (d) => `Only numbers can be added to pointers (${d.note})`,
    plain: () => 'Adds two addresses; only a number can be added to a pointer.',
  },
  pointer_arithmetic: {
    severity: 'safety',
    id: 'TYP-03',
    classic: (d) => `Invalid type (${reg(d)}.type == number)`,
    plain: (d) => `${reg(d)} is ${d.have}; ${d.want} works on numbers only.`,
  },
  pointer_truncated: {
    severity: 'safety',
    id: 'TYP-05',
    classic: (d) => `Invalid type (${reg(d)}.type == number)`,
    plain: (d) => `A 32-bit operation on ${reg(d)}, ${d.have}, cuts off the upper half of the address.`,
  },
  pointer_difference: {
    severity: 'policy',
    id: 'TYP-04',
    classic: (d) => `Cannot subtract pointers to different regions (${d.note})`,
    plain: (d) => `Combines ${d.have} with ${d.want}: addresses of different regions must not be compared or subtracted.`,
  },
  pointer_comparison: {
    severity: 'policy',
    id: 'TYP-04',
    classic: (d) => `Cannot subtract pointers to different regions (${d.note})`,
    plain: (d) => `Compares ${d.have} with ${d.want}; only pointers into one region can be ordered.`,
  },
  frame_pointer_write: {
    severity: 'safety',
    id: 'STK-05',
    classic: () => 'cannot modify r10',
    plain: () => 'r10, the frame pointer, is read-only.',
  },
  division_by_zero: {
    severity: 'policy',
    id: 'ARI-01',
    classic: (d) => `Possible division by zero (${d.note})`,
    plain: (d) => (d.have === undefined ? `The divisor ${reg(d)} may be 0 (range ${span(d)}).` : `The divisor is ${d.have}, which Linux refuses.`),
  },
  helper_unknown: {
    severity: 'safety',
    id: 'ENV-01',
    classic: (d) => `invalid helper function id ${d.name}`,
    plain: (d) => `Calls helper ${d.name}, which does not exist on ${d.note}.`,
  },
  helper_unavailable: {
    severity: 'policy',
    id: 'ENV-01',
    classic: () => 'rejected: helper function is unavailable on this platform',
    plain: (d) => `${d.name} is not available to programs of type ${d.note}.`,
  },
  helper_licence: {
    severity: 'policy',
    id: 'ENV-02',
    classic: (d) => `cannot call GPL-restricted function ${d.name} from non-GPL compatible program`,
    plain: (d) => `${d.name} may only be called by a program with a GPL-compatible licence; this object declares ${d.note}.`,
  },
  kfunc_unknown: {
    severity: 'safety',
    id: 'ENV-03',
    classic: (d) => `kfunc prototype lookup failed (${d.name})`,
    plain: (d) => `Calls kernel function ${d.name}, of which nothing is known on ${d.note}.`,
  },
  map_argument: {
    severity: 'safety',
    id: 'HLP-02',
    classic: (d) => `Invalid type (${reg(d)}.type == ${d.types ?? 'map_fd'})`,
    plain: (d) => `Argument ${d.argument} of ${d.name} must be a map; here it is ${d.have}.`,
  },
  map_kind: {
    severity: 'policy',
    id: 'HLP-05',
    classic: (d) => `Invalid type (${reg(d)}.type == ${d.types ?? 'map_fd'})`,
    plain: (d) => `${d.name} does not work on a map of type ${d.have}; it needs ${d.want}.`,
  },
  memory_argument: {
    severity: 'safety',
    id: 'HLP-03',
    classic: (d) => `Invalid type (${reg(d)}.type in {stack, packet, shared})`,
    plain: (d) => `Argument ${d.argument} of ${d.name} must point to ${d.mode === 'write' ? 'writable' : 'readable'} memory; here it is ${d.have}.`,
  },
  argument_type: {
    severity: 'safety',
    id: 'HLP-10',
    classic: (d) => `Invalid type (${reg(d)}.type ${d.types ?? `== ${d.want}`})`,
    plain: (d) => `Argument ${d.argument} of ${d.name} must be ${d.want}; here it is ${d.have}.`,
  },
  argument_zero: {
    severity: 'safety',
    id: 'HLP-10',
    classic: (d) => `Argument must be zero (${reg(d)} == 0)`,
    plain: (d) => `Argument ${d.argument} of ${d.name} must be 0.`,
  },
  argument_constant: {
    severity: 'safety',
    id: 'HLP-10',
    classic: (d) => `Pointer must be a singleton (${reg(d)})`,
    plain: (d) => `Argument ${d.argument} of ${d.name} must be a known constant; here it is ${span(d)}.`,
  },
  size_negative: {
    severity: 'safety',
    id: 'HLP-06',
    classic: (d) => `Invalid size (${reg(d)}.value ${d.note ?? '>= 0'})`,
    plain: (d) => `The size passed as argument ${d.argument} of ${d.name} may be negative or huge (range ${span(d)}).`,
  },
  size_zero: {
    severity: 'safety',
    id: 'HLP-09',
    classic: (d) => `Invalid size (${reg(d)}.value > 0)`,
    plain: (d) => `The size passed as argument ${d.argument} of ${d.name} may be 0 (range ${span(d)}).`,
  },
  callback_argument: {
    severity: 'safety',
    id: 'HLP-11',
    classic: (d) => `callback function pointer must be a singleton code address (valid_callback_target(${reg(d)}))`,
    plain: (d) => `Argument ${d.argument} of ${d.name} must be the address of a function of this program; here it is ${d.have}.`,
  },
  callback_return: {
    severity: 'policy',
    id: 'EXIT-02',
    classic: (d) => `callback return value out of range (r0.value in [${d.limit}])`,
    plain: (d) => `The callback returns ${span(d)}; ${d.name} allows ${d.limit}.`,
  },
  exit_value: {
    severity: 'policy',
    id: 'EXIT-01',
    classic: (d) => `Return value out of range (r0.value in [${d.limit}])`,
    plain: (d) => `Returns ${d.have ?? span(d)}; programs of this type may return ${d.limit}.`,
  },
  reference_leak: {
    severity: 'safety',
    id: 'REF-01',
    classic: (d) => `Unreleased reference (acquired at ${d.limit})`,
    plain: (d) => `${d.name} acquired at instruction ${d.limit} is never released on this path.`,
  },
  release_argument: {
    severity: 'safety',
    id: 'REF-02',
    classic: (d) => `Invalid release (${reg(d)})`,
    plain: (d) => `Argument ${d.argument} of ${d.name} must be what was acquired and not yet released; here it is ${d.have}.`,
  },
  use_after_release: {
    severity: 'safety',
    id: 'REF-02',
    classic: (d) => `Invalid type (${reg(d)}.type in {ctx, stack, packet, shared, socket, alloc_mem})`,
    plain: (d) => `${reg(d)} was released earlier on this path and must not be used any more.`,
  },
  stale_packet: {
    severity: 'safety',
    id: 'PKT-04',
    classic: (d) => `Invalid type (${reg(d)}.type in {ctx, stack, packet, shared, socket, alloc_mem})`,
    plain: (d) => `${reg(d)} pointed into the packet before a helper moved the packet's data; reload ctx->data and check again.`,
  },
  clobbered: {
    severity: 'safety',
    id: 'UNI-03',
    classic: (d) => `Invalid type (${reg(d)}.type ${d.types ?? 'in {ctx, stack, packet, shared, socket, alloc_mem}'})`,
    plain: (d) => `${reg(d)} was destroyed by a call before this point: calls keep only r6 to r9 and r10.`,
  },
  lock_held: {
    severity: 'safety',
    id: 'REF-03',
    classic: () => 'Exit holding a spin lock',
    plain: (d) => `${d.note ?? 'The program ends'} while it holds a spin lock.`,
  },
  lock_state: {
    severity: 'safety',
    id: 'REF-04',
    classic: (d) => `Invalid spin lock operation (${d.note})`,
    plain: (d) => `${d.note}.`,
  },
  recursion: {
    severity: 'policy',
    id: 'CALL-01',
    classic: () => 'too many call stack frames',
    plain: (d) => `Function ${d.name} calls itself; recursion is not allowed.`,
  },
  call_depth: {
    severity: 'safety',
    id: 'CALL-01',
    classic: () => 'too many call stack frames',
    plain: (d) => `Calls nest deeper than ${d.limit} frames.`,
  },
  combined_stack: {
    severity: 'safety',
    id: 'STK-04',
    classic: (d) => `combined stack size of ${d.width} calls is ${d.max}. Too large`,
    plain: (d) => `This call makes the stack too deep: the frames of the chain (${d.note}) need ${d.max} bytes together; ${d.limit} are there.`,
  },
  loop_unbounded: {
    severity: 'safety',
    id: 'LOOP-02',
    classic: (d) => `Loop counter is too large (pc[${d.limit}] < 100000)`,
    plain: (d) => `No bound was found for the loop at instruction ${d.limit}.`,
  },
  infinite_loop: {
    severity: 'safety',
    id: 'LOOP-01',
    classic: (d) => `Loop counter is too large (pc[${d.limit}] < 100000)`,
    plain: (d) => `The loop at instruction ${d.limit} makes no progress: a turn can end in the state in which it began.`,
  },
  misaligned: {
    severity: 'policy',
    id: 'ALN-01',
    classic: (d) => `misaligned access (${access(d)})`,
    plain: (d) => `A ${d.width}-byte access at ${d.name}${d.min === d.max ? d.min : ` + (${d.min} to ${d.max})`} is not aligned to ${d.width} bytes.`,
  },
  mixed_pointers: {
    severity: 'policy',
    id: 'TYP-06',
    classic: () => 'same insn cannot be used with different pointers',
    plain: (d) => `This instruction is reached with ${d.have} on one path and ${d.want} on another.`,
  },
  unreachable: {
    severity: 'policy',
    id: 'CFG-01',
    classic: (d) => `unreachable insn ${d.limit}`,
    plain: (d) => `Instruction ${d.limit} can never be reached.`,
  },
  control_flow: { severity: 'safety', id: 'CFG-02', classic: (d) => `${d.note}`, plain: (d) => `${d.note}.` },
  global_argument: {
    severity: 'policy',
    id: 'CALL-02',
    classic: (d) => (d.note === undefined ? `Possible null access (${access(d)})` : `invalid use of global function ${d.name}`),
    plain: (d) =>
      d.note === undefined
        ? `${reg(d)} may be null here: global function ${d.name} is verified on its own, for any argument of its type.`
        : `${d.note.replace(/\.$/, '')}.`,
  },
  legacy_packet: {
    severity: 'policy',
    id: 'ENV-04',
    classic: () => 'rejected: requires conformance group packet',
    plain: (d) => `Legacy packet loads (LD_ABS, LD_IND) are not available to programs of type ${d.name}.`,
  },
  unsupported: { severity: 'safety', id: 'ENV-05', classic: (d) => `not implemented: ${d.note}`, plain: (d) => `${d.note}.` },
  null_arithmetic: {
    severity: 'portability',
    id: 'NUL-03',
    classic: (d) => `pointer arithmetic on maybe-null ${reg(d)}`,
    plain: (d) => `Adds to ${reg(d)} before it is checked for null; Linux refuses arithmetic on a pointer that may be null.`,
  },
  packet_end_access: {
    severity: 'portability',
    id: 'PKT-05',
    classic: (d) => `access through data_end (${access(d)})`,
    plain: () => 'Reads relative to data_end; Linux allows no access or arithmetic on data_end.',
  },
  meta_access: {
    severity: 'portability',
    id: 'PKT-07',
    classic: (d) => `metadata access checked against data_end only (${access(d)})`,
    plain: () => 'Reads packet metadata that was checked only against data_end; Linux wants data_meta compared with data.',
  },
  difference_check: {
    severity: 'portability',
    id: 'PKT-08',
    classic: (d) => `packet length computed by subtraction (${access(d)})`,
    plain: () => 'The packet access is proved by data_end - data as a number; Linux follows only comparisons of the pointers themselves.',
  },
} as const satisfies Record<string, CheckRow>;

export type CheckKind = keyof typeof CHECKS;

/** The row of a check, with the severity and texts that reports use. */
export function checkRow(kind: CheckKind): CheckRow {
  return CHECKS[kind];
}
