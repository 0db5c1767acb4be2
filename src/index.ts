/**
 * ebpfsh as a library: read eBPF objects, print and encode their instructions, verify, question and run their programs.
 * Nothing here prints, reads files or touches the process.
 */

export {
  type CheckedFault,
  type CheckedInput,
  type CheckedMap,
  type CheckedOptions,
  type CheckedOutcome,
  type CheckedProgram,
  type CheckedState,
  FAULT_KINDS,
  type FaultKind,
  type HelperCallView,
  type HelperModel,
  type Region,
  type RegionKind,
  runChecked,
  type Value,
} from './engine/checked-interpreter.ts';
export { type Fix, type Fixes, proposeFixes } from './explain/fixes/fixes.ts';
export { findEntry, KNOWLEDGE } from './explain/knowledge/index.ts';
export { type SearchResult as KnowledgeMatches, search as searchKnowledge } from './explain/knowledge/search.ts';
export { type Explanation, explainFailure } from './explain/report.ts';
export { replayVector, type SearchOptions, searchCounterexample } from './explain/search/search.ts';
export { parseVector, type Vector } from './explain/search/vector.ts';
export { type Verdict, verdictText } from './explain/search/verdict.ts';
export { DebugSession } from './explain/session.ts';

export { type ByteOrder, DecodeError, decode } from './isa/decode.ts';
export { EncodeError, encode } from './isa/encode.ts';
export { type FormatOptions, formatInstruction } from './isa/format.ts';
export type { Instruction, InstructionList } from './isa/instruction.ts';
export { type CallKnowledge, type InstructionStatistics, instructionStatistics } from './isa/statistics.ts';
export { createLibbpf, type Libbpf } from './libbpf/libbpf.ts';
export { BPF_COMMANDS, type BpfAttributes } from './libbpf/syscall.ts';
export { type OpenLibbpfOptions, type OpenOptions, openLibbpf, openRuntime } from './library.ts';
export { ElfError, ObjectError } from './object/errors.ts';
export { type LoadOptions, loadObject } from './object/load.ts';
export type { FunctionRange, LineInfo, MapDefinition, ObjectDefect, ObjectFile, ObjectProgram } from './object/object-file.ts';
export { findHelper, helperByName, loadPlatform, platforms, programTypeByName, programTypeOfSection } from './platform/index.ts';
export type { HelperPrototype, MapType, Platform, PlatformName, ProgramType } from './platform/platform.ts';
export { standardEngines } from './runtime/engines.ts';
export { deterministicHost, type HostEnvironment, systemHost } from './runtime/host.ts';
export { Runtime, type RuntimeOptions, type VerifyFunction, type VerifyRequest } from './runtime/runtime.ts';
export { type Check, type Failure, type Verification, type VerificationReport, type VerifyOptions, verify, verifyProgram } from './verifier/index.ts';
