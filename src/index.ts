/**
 * ebpfsh as a library: read eBPF objects, print and encode their instructions, verify their programs.
 * Nothing here prints, reads files or touches the process.
 */

export { type ByteOrder, DecodeError, decode } from './isa/decode.ts';
export { EncodeError, encode } from './isa/encode.ts';
export { type FormatOptions, formatInstruction } from './isa/format.ts';
export type { Instruction, InstructionList } from './isa/instruction.ts';
export { type CallKnowledge, type InstructionStatistics, instructionStatistics } from './isa/statistics.ts';
export { ElfError, ObjectError } from './object/errors.ts';
export { type LoadOptions, loadObject } from './object/load.ts';
export type { FunctionRange, LineInfo, MapDefinition, ObjectDefect, ObjectFile, ObjectProgram } from './object/object-file.ts';
export { findHelper, helperByName, loadPlatform, platforms, programTypeByName, programTypeOfSection } from './platform/index.ts';
export type { HelperPrototype, MapType, Platform, PlatformName, ProgramType } from './platform/platform.ts';
export { type Check, type Failure, type VerificationReport, type VerifyOptions, verifyProgram } from './verifier/index.ts';
