import type { Engine } from '../engine/engine.ts';
import { interpreter } from '../engine/interpreter.ts';
import { createJit } from '../engine/jit/jit.ts';
import { mapLookup } from '../engine/jit/map-lookup.ts';
import type { MapLayout } from './maps/map.ts';
import type { ExecutionMode } from './policy.ts';

/** Asks for the layout of the map with a handle, so that an engine can search it without a call. */
export type LayoutOf = (handle: number) => MapLayout | undefined;

/** How each mode runs; a mode without an engine is not available. */
export type EngineFactories = Partial<Record<ExecutionMode, (layoutOf: LayoutOf) => Engine>>;

const MAP_LOOKUP_ID = 1;

/** The interpreter and the JIT, with map lookups compiled in. */
export const standardEngines: EngineFactories = {
  interpret: () => interpreter,
  jit: (layoutOf) => createJit({ inlineHelpers: new Map([[MAP_LOOKUP_ID, mapLookup(layoutOf)]]), fallback: interpreter }),
};
