/** Contexts of tracing programs (kernel/trace/bpf_trace.c): registers of the x86-64 kernel, tracepoint records, argument arrays. */
import { field, narrow } from '../../context-rows.ts';
import type { ContextField, ContextLayout } from '../../platform.ts';

/** MAX_BPF_FUNC_ARGS words of 8 bytes. */
const ARGUMENTS_SIZE = 12 * 8;
/** PERF_MAX_TRACE_SIZE. */
const RECORD_SIZE = 8192;
/** A syscall program's context: as large as its caller makes it, at most U16_MAX. */
const USER_SIZE = 0xffff;

const registerNames = 'r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss'.split(' ');

function registers(make: (name: string, offset: number) => ContextField): readonly ContextField[] {
  return registerNames.map((name, index) => make(name, index * 8));
}

const REGISTERS_SIZE = registerNames.length * 8;

export const none: ContextLayout = { name: 'void', size: 0, fields: [], gaps: 'refused' };

/** Any aligned load of any width; stores are refused. */
export const registersOfProbe: ContextLayout = {
  name: 'pt_regs',
  size: REGISTERS_SIZE,
  fields: registers((name, offset) => narrow(name, offset, 8)),
  gaps: 'number',
};

/** The first 8 bytes hold a kernel pointer that programs may not see. */
export const tracepointRecord: ContextLayout = {
  name: 'tracepoint record',
  size: RECORD_SIZE,
  fields: [],
  gaps: 'number',
  refused: [{ offset: 0, size: 8 }],
};

export const rawArguments: ContextLayout = { name: 'bpf_raw_tracepoint_args', size: ARGUMENTS_SIZE, fields: [], gaps: 'number' };

/** The first argument leads to the buffer of the tracepoint, which the program may change. */
export const rawWritableArguments: ContextLayout = {
  name: 'bpf_raw_tracepoint_args',
  size: ARGUMENTS_SIZE,
  fields: [field('buffer', 0, 8, { kind: 'btf', struct: '', nullable: false })],
  gaps: 'number',
};

export const typedArguments: ContextLayout = {
  name: 'unsigned long long',
  size: ARGUMENTS_SIZE,
  fields: [],
  gaps: 'number',
  typedArguments: true,
};

export const perfEvent: ContextLayout = {
  name: 'bpf_perf_event_data',
  size: REGISTERS_SIZE + 16,
  fields: [...registers((name, offset) => field(name, offset, 8)), narrow('sample_period', REGISTERS_SIZE, 8), narrow('addr', REGISTERS_SIZE + 8, 8)],
  gaps: 'refused',
};

export const userArguments: ContextLayout = { name: 'void', size: USER_SIZE, fields: [], gaps: 'number', loose: true, aligned: true };
