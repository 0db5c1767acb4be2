import { ExecutionFault } from '../src/engine/engine.ts';
import { ImageError } from '../src/engine/native/image-error.ts';
import { CaptureError } from '../src/runtime/capture/packet.ts';
import { RuntimeError, resultRow } from '../src/runtime/result.ts';
import { StoreError } from '../src/runtime/store/files.ts';
import { CommandError } from './errors.ts';

const REPAIR = 'ebpf repair store sets it aside and keeps what is intact.';

const STORE_ADVICE: Readonly<Record<StoreError['kind'], string>> = {
  version: `Use the version of ebpfsh that wrote it, or set EBPFSH_STORE to another directory;\n${REPAIR}`,
  damaged: `${REPAIR}\nEBPFSH_STORE selects another one.`,
  busy: 'Try again when the other process has finished.',
  exposed: 'What others can change cannot be trusted. EBPFSH_STORE selects another directory.',
  io: 'EBPFSH_STORE selects another directory.',
};

/** Words what the runtime, the store, images, captures and running programs refuse; anything else stays what it is. */
export function commandError(error: unknown): unknown {
  if (error instanceof RuntimeError) return new CommandError('runtime', `error ${resultRow(error.result).value}: ${reason(error)}`);
  if (error instanceof StoreError) return new CommandError('store', `error: the store cannot be used: ${error.message}\n${STORE_ADVICE[error.kind]}`);
  if (error instanceof ImageError) return new CommandError('image', `error: ${error.message}`);
  if (error instanceof CaptureError) return new CommandError('capture', `error: ${error.message}`);
  if (error instanceof ExecutionFault) return new CommandError('execution', `error: ${faultText(error)}`);
  return error;
}

/** `EBPF_BLOCKED_BY_POLICY: JIT compilation is blocked ...`. */
export function reason(error: RuntimeError): string {
  return `${error.result}: ${error.message}`;
}

function faultText({ instruction, message }: ExecutionFault): string {
  return instruction === undefined ? message : `instruction ${instruction}: ${message}`;
}
