import { createHash } from 'node:crypto';
import { encode } from '../../src/isa/encode.ts';
import { isGplCompatible } from '../../src/object/license.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { objectOf } from '../runtime-objects.ts';

const SLOT_SIZE = 8;
const TAG_BYTES = 8;

/** What Linux tells of a program beyond its name, and Windows does not. */
export interface ProgramFacts {
  /** Hexadecimal digits, the same for the same code. */
  readonly tag: string;
  readonly gplCompatible: boolean;
  readonly bytes: number;
  readonly jited: boolean;
}

/** Linux gives programs tags. */
export function hasTags({ platform }: Runtime): boolean {
  return platform.name === 'linux';
}

/** undefined on platforms whose bpftool does not show them. */
export function factsOf(runtime: Runtime, program: BpfProgram): ProgramFacts | undefined {
  if (!hasTags(runtime)) return undefined;
  return {
    tag: tagOf(program),
    gplCompatible: isGplCompatible(objectOf(runtime, program)?.license ?? ''),
    bytes: program.instructions.length * SLOT_SIZE,
    jited: program.mode !== 'interpret',
  };
}

/** The tag as Linux 6.18 makes it (bpf_prog_calc_tag): the first bytes of the code's SHA-256, with the maps that loads name as 0. */
export function tagOf({ instructions }: BpfProgram): string {
  const code = encode(
    instructions.map((instruction) =>
      instruction?.kind === 'lddw' && instruction.source.startsWith('map') ? { ...instruction, low: 0, high: 0 } : instruction,
    ),
    'little',
  );
  return createHash('sha256')
    .update(code)
    .digest('hex')
    .slice(0, 2 * TAG_BYTES);
}
