import { bufferCalls } from './buffers.ts';
import { deprecatedCalls } from './deprecated.ts';
import { idCalls } from './ids.ts';
import { mapCalls } from './maps.ts';
import { nameCalls } from './names.ts';
import { objectCalls } from './objects.ts';
import { programCalls } from './programs.ts';
import { type LibbpfOptions, LibbpfState } from './state.ts';
import { syscall } from './syscall.ts';

/**
 * The functions of libbpf that ebpfapi.dll exports, under their C names, over a runtime of this process.
 *
 * Conventions of C are kept: numbers are 0, a count or a descriptor, or a negative errno; objects are null on failure, with the reason
 * in `errno()`; outputs go to buffers of the caller. Loading verifies and so returns a promise. Ring and perf buffers are also async
 * iterators (`RingBuffer.records`, `PerfBuffer.records`).
 */
export function createLibbpf(options: LibbpfOptions) {
  const state = new LibbpfState(options);
  const calls = {
    /** Positive errno of the last call that failed. */
    errno: () => state.errno,
    ...mapCalls(state),
    ...idCalls(state),
    ...programCalls(state),
    ...objectCalls(state),
    ...bufferCalls(state),
    ...nameCalls(state),
  };
  return { ...calls, ...deprecatedCalls(calls), ...syscall(calls, (errno) => state.refuse(errno)) };
}

export type Libbpf = ReturnType<typeof createLibbpf>;
