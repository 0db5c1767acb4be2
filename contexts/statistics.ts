import { type CallClass, type InstructionStatistics, instructionStatistics } from '../src/isa/statistics.ts';
import type { ObjectProgram } from '../src/object/object-file.ts';
import { findHelper } from '../src/platform/index.ts';
import type { HelperPrototype, Platform } from '../src/platform/platform.ts';
import { typeOfSection } from './platforms.ts';

/** Arguments that a helper passes through without looking at memory. */
const NO_MEMORY: ReadonlySet<string> = new Set(['anything', 'number', 'ctx', 'zero']);

/** Counts of a program's instructions by kind, helper calls classified by the platform's prototypes. */
export function programStatistics(program: ObjectProgram, platform: Platform): InstructionStatistics {
  const type = typeOfSection(platform, program.section);
  const prototype = (id: number) => (type && findHelper(platform, type, id)) ?? platform.helpers.get(id);
  return instructionStatistics(program.instructions, program.functions, {
    classOf: (id) => classOf(prototype(id)),
    reallocates: (id) => prototype(id)?.changesPacket === true,
  });
}

function classOf(prototype: HelperPrototype | undefined): CallClass {
  if (prototype?.returns.kind === 'map_value') return 'call_1';
  return prototype?.arguments.every((argument) => NO_MEMORY.has(argument.kind)) ? 'call_nomem' : 'call_mem';
}
