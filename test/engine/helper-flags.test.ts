import { describe, expect, it } from 'vitest';
import type { Engine, ExecutableProgram, HelperImplementation } from '../../src/engine/engine.ts';
import { interpreter } from '../../src/engine/interpreter.ts';
import { createJit } from '../../src/engine/jit/jit.ts';
import { readImage, writeImage } from '../../src/engine/native/image.ts';
import { createNativeEngine } from '../../src/engine/native/native-engine.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';
import { createHost, DATA, executable, FRAME_SIZE, MAX_FRAMES } from './jit-fixture.ts';

function nativeOf(program: ExecutableProgram): Engine {
  const image = writeImage({
    programs: [{ ...program, section: 'xdp' }],
    maps: [],
    source: { path: 'x.o', sha256: '0'.repeat(64) },
    platform: 'none',
    version: 'test',
    frameSize: FRAME_SIZE,
    maxFrames: MAX_FRAMES,
  });
  return createNativeEngine(readImage(image, 'x.wasm', { accept: 'any' }));
}

const engines: readonly [string, (program: ExecutableProgram) => Engine][] = [
  ['interpreter', () => interpreter],
  ['jit', () => createJit()],
  ['native', nativeOf],
];

/** Flags as programs pass them, and as helpers see them: what does not fit 32 bits is all of them. */
const rows: readonly [bigint, number][] = [
  [0n, 0],
  [5n, 5],
  [0xffff_ffffn, 0xffff_ffff],
  [1n << 32n, 0xffff_ffff],
  [(1n << 63n) | 1n, 0xffff_ffff],
  [(1n << 64n) - 1n, 0xffff_ffff],
];

describe.each(engines)('flags of helpers by %s', (_, engineOf) => {
  it.each(rows)('%d', (flags, seen) => {
    const received: unknown[] = [];
    const helper: HelperImplementation = {
      id: 7,
      name: 'take flags',
      parameters: ['u32', 'flags'],
      result: 'none',
      call: (_first: number, second: number) => void received.push(second),
    };
    // Once as a constant of the program, once from memory.
    const instructions = assemble(`mov %r6, %r1\nlddw %r2, 0x${flags.toString(16)}\ncall 7\nldxdw %r2, [%r6]\ncall 7\nmov %r0, 0\nexit`);
    const program = executable(instructions, { helpers: new Map([[7, helper]]) });
    const host = createHost();
    new DataView(host.memory.buffer).setBigUint64(DATA, flags, true);
    engineOf(program).compile(program, host).run(DATA, 8);
    expect(received).toEqual([seen, seen]);
  });
});
