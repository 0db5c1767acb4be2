import type { HelperImplementation } from '../engine.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { FunctionType } from './wasm.ts';

/** A call of a helper in a program being translated. */
export interface CallSite {
  readonly helper: HelperImplementation;
  readonly slot: number;
  /** Values of r1..r5 (index 0..4) where the instructions before the call fix them: resolved map handles, immediates. */
  readonly constants: readonly (bigint | undefined)[];
}

/** What code that stands in for a helper call may use. */
export interface InlineCall {
  readonly writer: FunctionWriter;
  /** Function indexes of `InlineHelper.imports`, in that order. */
  readonly imports: readonly number[];
  /** Pushes rN (1..5) as i64. */
  argument(register: 1 | 2 | 3 | 4 | 5): void;
  /** Pushes the low half of rN as i32. */
  argument32(register: 1 | 2 | 3 | 4 | 5): void;
  /** Pushes the index for an access at rN + offset, which traps for null; returns the offset to give to `writer.memory`. */
  address(register: 1 | 2 | 3 | 4 | 5, offset: number): number;
  /** Notes that the next instruction may trap. */
  mayTrap(): void;
}

/**
 * Code that replaces calls of one helper on the WebAssembly side of the fence.
 * `expand` returns undefined where it has nothing better than the call, else a function that leaves r0 as an i64 on the stack.
 */
export interface InlineHelper {
  readonly imports?: readonly { readonly name: string; readonly type: FunctionType; readonly function: (...args: never[]) => unknown }[];
  readonly expand: (site: CallSite) => ((call: InlineCall) => void) | undefined;
}
