import type { Btf, BtfType } from '../object/btf.ts';
import { resolveType, sizeOf } from '../object/btf-types.ts';
import type { FunctionRange } from '../object/object-file.ts';
import { readRegister } from './alu.ts';
import { describeValue } from './describe.ts';
import { type Machine, noConstraints, type Rules } from './machine.ts';
import { add, TOP } from './number/index.ts';
import { overlappingField } from './special-fields.ts';
import { StackFrame } from './stack.ts';
import { objectAt } from './stack-objects.ts';
import { State } from './state.ts';
import { DYNPTR, type Value, ZERO } from './value.ts';

/*
 * Linux verifies a global function of a program on its own, for all arguments that its prototype allows, and takes its calls for what the prototype says
 * (btf_prepare_func_args of kernel/bpf/btf.c, btf_check_func_arg_match of kernel/bpf/verifier.c).
 */

/** A global function of the program. */
export interface GlobalFunction {
  readonly range: FunctionRange;
  readonly parameters: readonly Parameter[];
  /** Why Linux cannot verify it on its own, as a clause. */
  readonly problem?: string;
}

/**
 * `memory`: points to `size` bytes or is null; `context`: the program's context; `number`: anything; `kernel`: leads to a kernel object of the struct;
 * `untrusted`: may lead to one; `dynptr`: one that the function may only read.
 */
export type Parameter =
  | { readonly kind: 'memory'; readonly size: number; readonly nullable: boolean }
  | { readonly kind: 'kernel'; readonly struct: string; readonly nullable: boolean }
  | { readonly kind: 'context' | 'number' | 'untrusted' | 'dynptr' };

/** Tags that change what a parameter may be (libbpf's __arg_ctx and the like); a parameter with another one is not known. */
const TAGS: ReadonlySet<string> = new Set(['arg:ctx', 'arg:nonnull', 'arg:nullable', 'arg:trusted', 'arg:untrusted']);

const known = new WeakMap<Rules, ReadonlyMap<number, GlobalFunction>>();
const called = new WeakMap<Machine, Set<GlobalFunction>>();

/** Global functions that an exploration came to calls of. */
export function calledGlobalFunctions(machine: Machine): Iterable<GlobalFunction> {
  return called.get(machine) ?? [];
}

/** The program's global functions by their first slots, but for those that Linux takes for static ones or whose tags are not known. */
function globalFunctions(machine: Machine): ReadonlyMap<number, GlobalFunction> {
  const { rules } = machine;
  let functions = known.get(rules);
  if (functions === undefined) {
    functions = findGlobalFunctions(machine);
    known.set(rules, functions);
  }
  return functions;
}

/** Whether Linux takes a function for a global one. Sections that it does not know are loaded by no Linux loader, so it has no rule for them. */
function isGlobal({ platform, section }: Rules, { linkage, btfId }: FunctionRange): boolean {
  return platform.name === 'linux' && section !== undefined && linkage === 'global' && btfId !== undefined;
}

/** Fails where the function at a slot is none that Linux calls back. */
export function checkCallback(machine: Machine, state: State, pc: number, slot: number): boolean {
  const range = machine.program.functions.find(({ start }) => start === slot);
  if (range === undefined || !isGlobal(machine.rules, range)) return true;
  machine.fail('global_argument', pc, state, { name: range.name, note: `Linux calls back static functions only, and ${range.name} is global` });
  return false;
}

function findGlobalFunctions({ rules, object, program }: Machine): ReadonlyMap<number, GlobalFunction> {
  const found = new Map<number, GlobalFunction>();
  const { btf } = object;
  const functions = program.functions.slice(1).filter((range) => isGlobal(rules, range));
  if (btf === undefined || functions.length === 0) return found;
  const tags = parameterTags(btf);
  for (const range of functions) {
    const described = describe(btf, range.btfId!, tags, rules.context.name);
    if (described !== undefined) found.set(range.start, { range, ...described });
  }
  return found;
}

/** The tags of parameters by function and position: "id:position". */
function parameterTags(btf: Btf): ReadonlyMap<string, readonly string[]> {
  const tags = new Map<string, readonly string[]>();
  for (const tag of btf.types) {
    if (tag?.kind !== 'decl_tag' || !tag.name.startsWith('arg:')) continue;
    const key = `${tag.type}:${tag.component}`;
    tags.set(key, [...(tags.get(key) ?? []), tag.name]);
  }
  return tags;
}

type Described = Pick<GlobalFunction, 'parameters' | 'problem'>;

/** What a function's prototype says; undefined where it is not known what Linux makes of it. */
function describe(btf: Btf, id: number, tags: ReadonlyMap<string, readonly string[]>, context: string): Described | undefined {
  const type = btf.types[id];
  const prototype = type?.kind === 'func' ? btf.types[type.type] : undefined;
  if (prototype?.kind !== 'func_proto') return undefined;
  const parameters: Parameter[] = [];
  if (!isNumber(resolveType(btf, prototype.returns))) return { parameters, problem: 'it returns no number' };
  for (const [position, { name, type: typeId }] of prototype.parameters.entries()) {
    const own = tags.get(`${id}:${position}`) ?? [];
    if (own.some((tag) => !TAGS.has(tag))) return undefined;
    const parameter = parameterOf(btf, typeId, context, own);
    if (typeof parameter === 'string') return { parameters, problem: parameter.replaceAll('$', name === '' ? `${position + 1}` : name) };
    parameters.push(parameter);
  }
  return { parameters };
}

function isNumber(type: BtfType | undefined): boolean {
  return type?.kind === 'int' || type?.kind === 'enum' || type?.kind === 'enum64';
}

/** What a parameter may be, or why it cannot be told, with `$` for its name. */
function parameterOf(btf: Btf, id: number, context: string, tags: readonly string[]): Parameter | string {
  const type = resolveType(btf, id);
  if (isNumber(type)) return { kind: 'number' };
  if (type?.kind !== 'ptr') return 'its parameter $ is neither a number nor a pointer';
  const target = resolveType(btf, type.type);
  const struct = target !== undefined && 'name' in target ? target.name : '';
  if (tags.includes('arg:ctx') || (struct !== '' && struct === context)) return { kind: 'context' };
  if (struct === 'bpf_dynptr') return { kind: 'dynptr' };
  const nullable = tags.includes('arg:nullable');
  if (tags.includes('arg:trusted')) return { kind: 'kernel', struct, nullable };
  if (tags.includes('arg:untrusted')) return { kind: 'untrusted' };
  if (nullable) return 'the tags of its parameter $ contradict one another';
  const size = sizeOf(btf, type.type);
  return size === undefined
    ? 'nothing tells the size of what its parameter $ points to'
    : { kind: 'memory', size, nullable: !tags.includes('arg:nonnull') };
}

/** Fails where Linux would not take a call by the prototype of the global function at `target`. Arguments that are never read are not looked at. */
export function checkGlobalCall(machine: Machine, state: State, pc: number, target: number): boolean {
  const callee = globalFunctions(machine).get(target);
  if (callee === undefined) return true;
  const { parameters, problem } = callee;
  const { name } = callee.range;
  if (problem !== undefined) {
    machine.fail('global_argument', pc, state, { name, note: `Linux verifies global function ${name} on its own and cannot: ${problem}` });
    return false;
  }
  for (const [position, parameter] of parameters.entries()) {
    const register = (position + 1) as 1 | 2 | 3 | 4 | 5;
    if (state.registers[register] === undefined) continue;
    const value = readRegister(machine, state, pc, register);
    if (value === undefined) return false;
    if (FITS[parameter.kind](machine, state, value, parameter)) continue;
    const note = `Argument ${register} of global function ${name} must be ${wanted(parameter)}; here it is ${describeValue(machine, value)}`;
    machine.fail('global_argument', pc, state, { register, argument: register, name, note });
    return false;
  }
  const functions = called.get(machine);
  if (functions === undefined) called.set(machine, new Set([callee]));
  else functions.add(callee);
  return true;
}

function wanted(parameter: Parameter): string {
  const orNull = 'nullable' in parameter && parameter.nullable ? ', or null' : '';
  if (parameter.kind === 'memory') return `${parameter.size} bytes that may be read and written${orNull}`;
  return parameter.kind === 'kernel' ? `a kernel object${orNull}` : WORDS[parameter.kind];
}

const WORDS = { context: 'the context', number: 'a number', untrusted: 'anything', dynptr: 'a dynptr' } as const;

type Fits = (machine: Machine, state: State, value: Value, parameter: Parameter) => boolean;

const FITS: Readonly<Record<Parameter['kind'], Fits>> = {
  untrusted: () => true,
  number: (_machine, _state, value) => value.kind === 'number' || value.isWord,
  context: (_machine, _state, value) => value.kind === 'ctx' && value.symbol === ZERO && value.offset === 0,
  dynptr: (machine, state, value) =>
    (value.kind === 'btf' && value.tag === DYNPTR) || machine.objectName(objectAt(state, value)?.tag ?? -1).includes('dynptr'),
  kernel(machine, _state, value, parameter) {
    if (parameter.kind !== 'kernel') return false;
    if (isNull(value) || value.nullable) return parameter.nullable;
    if (value.kind === 'socket') return true;
    const have = value.symbol === ZERO && value.offset === 0 ? machine.kernelStruct(value.tag) : undefined;
    return value.kind === 'btf' && value.tag !== DYNPTR && (have === undefined || have === parameter.struct);
  },
  memory(machine, state, value, parameter) {
    if (parameter.kind !== 'memory') return false;
    if (isNull(value)) return parameter.nullable;
    return (parameter.nullable || !value.nullable) && holds(machine, state, value, parameter.size);
  },
};

function isNull(value: Value): boolean {
  return value.kind === 'number' && value.symbol === ZERO && value.offset === 0;
}

/** Whether `size` bytes from the pointer on may certainly be read and written. */
function holds(machine: Machine, state: State, value: Value, size: number): boolean {
  const { smin, smax } = value.range;
  const end = add(smax, size);
  switch (value.kind) {
    case 'stack':
      return smin >= -machine.rules.stackSize && end <= 0;
    case 'packet': {
      const over = state.overPacketEnd(value, size);
      return smin >= 0 && over !== undefined && over <= 0 && machine.rules.programType.packetWrite === true;
    }
    case 'map_value':
    case 'memory': {
      const facts = value.kind === 'memory' ? machine.memory(value.tag) : undefined;
      const map = value.kind === 'map_value' ? machine.map(value.tag) : undefined;
      const limit = facts?.size ?? map?.valueSize ?? 0;
      const isClosed = facts?.readOnly === true || map?.readOnly === true || map?.writeOnly === true;
      if (smin < 0 || end > limit || isClosed) return false;
      return overlappingField(facts?.special ?? map?.special ?? [], Number(smin), Number(end)) === undefined;
    }
    default:
      return false;
  }
}

/** The state in which a function is verified on its own. */
export function standaloneEntry(machine: Machine, parameters: readonly Parameter[]): State {
  const registers: (Value | undefined)[] = new Array(11).fill(undefined);
  for (const [position, parameter] of parameters.entries()) registers[position + 1] = anyArgument(machine, parameter);
  registers[10] = machine.pointer('stack', 0, 0);
  return new State([{ registers, stack: new StackFrame(machine.rules.stackSize) }], noConstraints(machine), [], 0, 0, undefined, undefined);
}

function anyArgument(machine: Machine, parameter: Parameter): Value {
  switch (parameter.kind) {
    case 'context':
      return machine.pointer('ctx', 0, 0);
    case 'number':
      return machine.number(TOP);
    case 'untrusted':
      return machine.pointer('btf', 0, 0);
    case 'dynptr':
      return machine.pointer('btf', DYNPTR, 0, false, machine.identity());
    case 'kernel':
      return machine.pointer('btf', machine.kernelTag(parameter.struct), 0, parameter.nullable, machine.identity());
    case 'memory':
      return machine.pointer('memory', parameter.size, 0, parameter.nullable, machine.identity());
  }
}
