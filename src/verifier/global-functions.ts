import type { Btf } from '../object/btf.ts';
import { resolveType, sizeOf } from '../object/btf-types.ts';
import type { FunctionRange } from '../object/object-file.ts';
import { type Finding, type Machine, noConstraints } from './machine.ts';
import { TOP } from './number/index.ts';
import { StackFrame } from './stack.ts';
import { State } from './state.ts';
import type { Value } from './value.ts';

/** A global function of the program whose parameters a host that verifies it on its own takes to be maybe null. */
export interface GlobalFunction {
  readonly range: FunctionRange;
  readonly parameters: readonly Parameter[];
}

/** `memory`: points to `size` bytes or is null; `context`: the program's context; `number`: anything. */
export type Parameter =
  | { readonly kind: 'memory'; readonly size: number; readonly nullable: boolean }
  | { readonly kind: 'context' }
  | { readonly kind: 'number' };

/** Tags that change what a parameter may be (libbpf's __arg_nonnull and __arg_ctx). */
const NONNULL_TAG = 'arg:nonnull';
const CONTEXT_TAG = 'arg:ctx';

/**
 * The reached global functions that take pointers to memory, by their BTF prototypes (btf_prepare_func_args of the kernel). Functions with a parameter
 * of another kind are left out: the host does not verify them on their own, or refuses them for reasons of its own.
 */
export function globalFunctions(machine: Machine, reached: (slot: number) => boolean): GlobalFunction[] {
  const { btf } = machine.object;
  if (btf === undefined) return [];
  const found: GlobalFunction[] = [];
  for (const range of machine.program.functions.slice(1)) {
    if (range.linkage !== 'global' || range.btfId === undefined || !reached(range.start)) continue;
    const parameters = parametersOf(btf, range.btfId, machine.rules.context.name);
    if (parameters?.some((parameter) => parameter.kind === 'memory' && parameter.nullable) === true) found.push({ range, parameters });
  }
  return found;
}

function parametersOf(btf: Btf, id: number, context: string): Parameter[] | undefined {
  const type = btf.types[id];
  if (type?.kind !== 'func') return undefined;
  const prototype = btf.types[type.type];
  if (prototype?.kind !== 'func_proto' || prototype.parameters.length > 5) return undefined;
  const tags = (position: number) =>
    btf.types.flatMap((tag) => (tag?.kind === 'decl_tag' && tag.type === id && tag.component === position ? [tag.name] : []));
  const parameters: Parameter[] = [];
  for (const [position, { type: typeId }] of prototype.parameters.entries()) {
    const parameter = parameterOf(btf, typeId, context, tags(position));
    if (parameter === undefined) return undefined;
    parameters.push(parameter);
  }
  return parameters;
}

function parameterOf(btf: Btf, id: number, context: string, tags: readonly string[]): Parameter | undefined {
  const type = resolveType(btf, id);
  if (type?.kind === 'int' || type?.kind === 'enum' || type?.kind === 'enum64') return { kind: 'number' };
  if (type?.kind !== 'ptr') return undefined;
  if (tags.includes(CONTEXT_TAG)) return { kind: 'context' };
  if (tags.some((tag) => tag.startsWith('arg:') && tag !== NONNULL_TAG)) return undefined;
  const target = resolveType(btf, type.type);
  if (target !== undefined && 'name' in target && target.name === context) return { kind: 'context' };
  const size = sizeOf(btf, type.type);
  return size === undefined || size === 0 ? undefined : { kind: 'memory', size, nullable: !tags.includes(NONNULL_TAG) };
}

/** The state in which a function is verified on its own, and the identities of its maybe-null parameters. */
export function standaloneEntry(
  machine: Machine,
  parameters: readonly Parameter[],
): { readonly state: State; readonly maybeNull: ReadonlySet<number> } {
  const registers: (Value | undefined)[] = new Array(11).fill(undefined);
  const maybeNull = new Set<number>();
  for (const [position, parameter] of parameters.entries()) {
    if (parameter.kind === 'context') registers[position + 1] = machine.pointer('ctx', 0, 0);
    else if (parameter.kind === 'number') registers[position + 1] = machine.number(TOP);
    else {
      const identity = machine.identity();
      if (parameter.nullable) maybeNull.add(identity);
      registers[position + 1] = machine.pointer('memory', parameter.size, 0, parameter.nullable, identity);
    }
  }
  registers[10] = machine.pointer('stack', 0, 0);
  const state = new State([{ registers, stack: new StackFrame(machine.rules.stackSize) }], noConstraints(machine), [], 0, 0, undefined, undefined);
  return { state, maybeNull };
}

/** Findings that hold only because a parameter may be null. */
export function parameterFindings(findings: readonly Finding[], maybeNull: ReadonlySet<number>): Finding[] {
  return findings.filter(({ kind, details, state }) => {
    if (kind !== 'null_access' || details.register === undefined) return false;
    const value = state.registers[details.register];
    return value !== undefined && maybeNull.has(value.identity);
  });
}
