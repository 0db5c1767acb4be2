import type { CompiledProgram } from '../engine/engine.ts';
import type { InstructionList } from '../isa/instruction.ts';
import type { AttachType, ProgramType } from '../platform/platform.ts';
import type { ExecutionMode } from './policy.ts';
import type { Verdict } from './verdict.ts';

/** The file a program came from; programs of one load share it. */
export interface ProgramSource {
  /** As it was given to the load command. */
  readonly fileName: string;
  /** Of the file's bytes, lower-case hex. */
  readonly sha256: string;
  /** The file itself, so that the store can bring the program back. */
  readonly bytes: Uint8Array | undefined;
}

/** A loaded program. */
export interface BpfProgram {
  id: number;
  readonly name: string;
  readonly section: string;
  readonly source: ProgramSource;
  /** Position among the programs of its object. */
  readonly index: number;
  readonly type: ProgramType;
  /** What its section or loader says; attach uses it when nothing else is said. */
  readonly attachType: AttachType | undefined;
  readonly mode: ExecutionMode;
  readonly flags: number;
  readonly instructions: InstructionList;
  /** Maps it refers to, in order of first use. */
  mapIds: readonly number[];
  /** Maps of its object by their index there; what its map references mean. */
  readonly objectMapIds: readonly (number | undefined)[];
  readonly report: Verdict | undefined;
  readonly compiled: CompiledProgram;
}
