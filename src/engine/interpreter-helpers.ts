import type { ArgumentType, HelperImplementation, ResultType } from './engine.ts';

type Value = number | bigint;
type Callable = (...args: Value[]) => Value | undefined;

/** A helper as the interpreter calls it. `wide` views the register file as 64-bit numbers. */
export interface HelperCall {
  readonly call: Callable;
  readonly parameters: readonly ArgumentType[];
  readonly result: ResultType;
}

export function helperCall({ call, parameters, result }: HelperImplementation): HelperCall {
  return { call: call as unknown as Callable, parameters, result };
}

/** Argument `index` (r1 for 0) as the helper wants it. */
function argument(file: Int32Array, wide: BigInt64Array, type: ArgumentType, index: number): Value {
  if (type === 'i64') return wide[index + 1]!;
  const low = file[2 * index + 2]!;
  if (type === 'i32') return low;
  return type === 'u32' || file[2 * index + 3] === 0 ? low >>> 0 : 0xffff_ffff;
}

/** Moves arguments from the register file to the helper and its result to r0; by arity, because spreading an array costs more than most helpers do. */
export function callWithRegisters(helper: HelperCall, file: Int32Array, wide: BigInt64Array): void {
  const { call, parameters: p } = helper;
  let result: Value | undefined;
  switch (p.length) {
    case 0:
      result = call();
      break;
    case 1:
      result = call(argument(file, wide, p[0]!, 0));
      break;
    case 2:
      result = call(argument(file, wide, p[0]!, 0), argument(file, wide, p[1]!, 1));
      break;
    case 3:
      result = call(argument(file, wide, p[0]!, 0), argument(file, wide, p[1]!, 1), argument(file, wide, p[2]!, 2));
      break;
    case 4:
      result = call(argument(file, wide, p[0]!, 0), argument(file, wide, p[1]!, 1), argument(file, wide, p[2]!, 2), argument(file, wide, p[3]!, 3));
      break;
    default:
      result = call(
        argument(file, wide, p[0]!, 0),
        argument(file, wide, p[1]!, 1),
        argument(file, wide, p[2]!, 2),
        argument(file, wide, p[3]!, 3),
        argument(file, wide, p[4]!, 4),
      );
  }
  if (helper.result === 'i64') {
    wide[0] = typeof result === 'bigint' ? result : BigInt(result ?? 0);
    return;
  }
  const low = helper.result === 'none' ? 0 : Number(result) | 0;
  file[0] = low;
  file[1] = helper.result === 'i32' ? low >> 31 : 0;
}
