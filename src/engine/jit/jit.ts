import type { CompiledProgram, Engine, ExecutableProgram, ExecutionHost } from '../engine.ts';
import { ExecutionFault } from '../engine.ts';
import type { InlineHelper } from './inline-helper.ts';
import { link } from './link.ts';
import { slotOfTrap, translate } from './translate.ts';

export interface JitOptions {
  /** Code that stands in for calls of hot helpers, by helper id. */
  readonly inlineHelpers?: ReadonlyMap<number, InlineHelper>;
  /** Turns of loops and calls of functions after which a run ends with a fault of kind `budget`; default: none, verified programs end by themselves. */
  readonly budget?: number;
  /** Compiles programs that are too large for WebAssembly; without it compiling them throws an `ExecutionFault` of kind `unsupported`. */
  readonly fallback?: Engine;
}

/** The engine that translates programs to WebAssembly, which V8 compiles to machine code: first fast, then, for what runs often, well. */
export function createJit(options: JitOptions = {}): Engine {
  return {
    name: 'jit',
    compile(program: ExecutableProgram, host: ExecutionHost): CompiledProgram {
      try {
        const { frameSize, maxFrames, stackBase } = host;
        const { inlineHelpers, budget } = options;
        const translation = translate([program], { frameSize, maxFrames, stackBase, values: 'baked', inlineHelpers, budget });
        const module = new WebAssembly.Module(translation.bytes);
        return link(module, translation, 0, program, host, (offset) => slotOfTrap(translation.traps, offset));
      } catch (error) {
        if (options.fallback === undefined || !(error instanceof ExecutionFault) || error.kind !== 'unsupported') throw error;
        return options.fallback.compile(program, host);
      }
    },
  };
}
