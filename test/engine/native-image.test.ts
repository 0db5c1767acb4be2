import { createHash, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createInterpreter } from '../../src/engine/interpreter.ts';
import { type ImageSource, readImage, writeImage } from '../../src/engine/native/image.ts';
import { ImageError } from '../../src/engine/native/image-error.ts';
import { createNativeEngine } from '../../src/engine/native/native-engine.ts';
import { readSections } from '../../src/engine/native/sections.ts';
import { keyThumbprint } from '../../src/engine/native/signature.ts';
import { parseConformanceCase } from '../../src/isa/conformance.ts';
import type { Instruction, InstructionList } from '../../src/isa/instruction.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { createHost, DATA, executable, FRAME_SIZE, MAX_FRAMES, runOn, UNWIND } from './jit-fixture.ts';
import { generate, Random } from './jit-generator.ts';

const signer = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const trusted = new Set([keyThumbprint(signer.publicKey)]);

function source(programs: Readonly<Record<string, InstructionList>>): ImageSource {
  return {
    programs: Object.entries(programs).map(([name, instructions]) => ({ ...executable(instructions), name, section: 'xdp' })),
    maps: [
      { name: 'counters', type: 2, keySize: 4, valueSize: 8, maxEntries: 16, flags: 0, pinning: 1, origin: 'btf', inner: 1 },
      {
        ...{ name: '.data', type: 2, keySize: 4, valueSize: 3, maxEntries: 1, flags: 0, pinning: 0, origin: 'data' },
        data: { section: '.data', bytes: Uint8Array.of(1, 2, 255), readOnly: false },
        initialSlots: [{ index: 0, target: 'x' }],
      },
    ],
    source: { path: 'dropper.o', sha256: 'ab'.repeat(32) },
    platform: 'windows',
    version: 'ebpfsh 0.1.0',
    metadata: { author: 'test' },
    frameSize: FRAME_SIZE,
    maxFrames: MAX_FRAMES,
  };
}

function refusal(action: () => unknown): ImageError {
  try {
    action();
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
  throw new Error('accepted');
}

const nativeOf = (instructions: InstructionList) =>
  createNativeEngine(readImage(writeImage(source({ test: instructions }), signer.privateKey), 'test.wasm', { trusted }));

describe('native images', () => {
  it('give back what was put in', () => {
    const have = source({ first: assemble('mov %r0, 1\nexit'), second: assemble('mov %r0, 2\nexit') });
    const image = readImage(writeImage(have, signer.privateKey), 'a.wasm', { trusted });
    expect(image.signer).toBe(keyThumbprint(signer.privateKey));
    expect(image.manifest).toMatchObject({
      source: have.source,
      platform: 'windows',
      version: 'ebpfsh 0.1.0',
      metadata: { author: 'test' },
      maps: have.maps,
      programs: [
        { name: 'first', section: 'xdp', instructions: 2 },
        { name: 'second', section: 'xdp', instructions: 2 },
      ],
    });
    const engine = createNativeEngine(image);
    expect(['first', 'second'].map((name) => engine.compile({ ...executable([]), name }, createHost()).run(0))).toEqual([1n, 2n]);
  });

  it('carry the object that they were made of', () => {
    const object = new TextEncoder().encode('an object, an object, an object');
    const sha256 = createHash('sha256').update(object).digest('hex');
    const have = { ...source({ first: assemble('mov %r0, 1\nexit') }), source: { path: 'dropper.o', sha256 } };
    const read = (bytes: Uint8Array) => readImage(bytes, 'a.wasm', { trusted, accept: 'any' });
    expect([...read(writeImage({ ...have, object }, signer.privateKey)).object()!]).toEqual([...object]);
    expect(read(writeImage(have)).object()).toBeUndefined();
    expect(refusal(() => read(writeImage({ ...have, object: object.subarray(1) })).object()).message).toMatch(/is not the one that it was made of/);
    const bytes = writeImage({ ...have, object });
    const section = readSections(bytes, 'a.wasm').find(({ name }) => name === 'ebpf.object')!;
    expect(refusal(() => read(bytes.fill(0xff, section.end - section.content.length, section.end)).object()).message).toMatch(/cannot be unpacked/);
  });

  it('link map references of each program when they are loaded', () => {
    const lddw = (low: number): (Instruction | undefined)[] => [
      { kind: 'lddw', dst: 0, source: 'map_value', low, high: 8 },
      undefined,
      { kind: 'exit' },
    ];
    const image = readImage(writeImage(source({ a: lddw(0), b: lddw(1) })), 'a.wasm', { accept: 'any' });
    const run = (name: string) =>
      createNativeEngine(image)
        .compile({ ...executable([]), name, resolve: (load) => BigInt(load.low * 0x1000 + load.high) }, createHost())
        .run(0);
    expect([run('a'), run('b')]).toEqual([8n, 0x1008n]);
  });

  it('place the stack where the host has it', () => {
    const program = assemble('call local f\nexit\nf:\nmov %r0, %r10\nexit');
    const host = { ...createHost(), stackBase: DATA };
    expect(nativeOf(program).compile(executable(program), host).run(0)).toBe(BigInt(DATA + 2 * FRAME_SIZE));
    expect(createInterpreter().compile(executable(program), host).run(0)).toBe(BigInt(DATA + 2 * FRAME_SIZE));
  });

  it('agree with the interpreter on random programs', () => {
    for (let seed = 0; seed < 60; seed++) {
      const program = generate(seed).map((one): Instruction | undefined => (one?.kind === 'call' ? { ...one, helper: 5 } : one));
      const data = new Uint8Array(256).fill(seed);
      expect(
        attempt(() => runOn(nativeOf(program), executable(program), data)),
        `seed ${seed}`,
      ).toEqual(attempt(() => runOn(createInterpreter(), executable(program), data)));
    }
  });
});

/** The kind of fault instead of a result. */
function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return (error as { kind?: string }).kind;
  }
}

describe('images that are refused', () => {
  const program = assemble('mov %r1, 1\ncall 5\nexit');
  const good = writeImage(source({ test: program }), signer.privateKey);
  const unsigned = writeImage(source({ test: program }));

  it('unsigned', () => {
    expect(refusal(() => readImage(unsigned, 'a.wasm', { trusted })).kind).toBe('unsigned');
    expect(refusal(() => readImage(unsigned, 'a.wasm', { trusted, accept: 'signed' })).kind).toBe('unsigned');
    expect(readImage(unsigned, 'a.wasm', { accept: 'any' }).signer).toBeUndefined();
  });

  it('signed by somebody else', () => {
    const foreign = writeImage(source({ test: program }), stranger.privateKey);
    expect(refusal(() => readImage(foreign, 'a.wasm', { trusted })).kind).toBe('untrusted');
    expect(refusal(() => readImage(foreign, 'a.wasm')).kind).toBe('untrusted');
    expect(readImage(foreign, 'a.wasm', { accept: 'signed' }).signer).toBe(keyThumbprint(stranger.publicKey));
  });

  it('altered, wherever they are', () => {
    const [first] = readSections(good, 'a.wasm');
    const changed = good.slice();
    changed[first!.end - 1]! ^= 1;
    expect(refusal(() => readImage(changed, 'a.wasm', { accept: 'any' })).kind).toBe('altered');
    const longer = Uint8Array.from([...good, 0, 2, 1, 0x78]);
    expect(refusal(() => readImage(longer, 'a.wasm', { accept: 'any' })).kind).toBe('altered');
  });

  it('made for other helpers, frames or programs', () => {
    const engine = createNativeEngine(readImage(good, 'a.wasm', { trusted }));
    const changed = executable([], { helpers: new Map([[5, { ...UNWIND, parameters: ['u32'] as const }]]) });
    expect(refusal(() => engine.compile(changed, createHost())).kind).toBe('mismatch');
    expect(refusal(() => engine.compile(executable([]), { ...createHost(), frameSize: 256 })).kind).toBe('mismatch');
    expect(refusal(() => engine.compile({ ...executable([]), name: 'other' }, createHost())).kind).toBe('mismatch');
  });

  it('5,000 times damaged: a typed error each, whether signatures matter or not', { timeout: 120_000 }, () => {
    const random = new Random(7);
    let accepted = 0;
    for (let round = 0; round < 5000; round++) {
      const damaged = damage(good, random);
      if (Buffer.compare(damaged, good) === 0) continue;
      expect(['malformed', 'altered', 'unsigned', 'untrusted']).toContain(refusal(() => readImage(damaged, 'a.wasm', { trusted })).kind);
      // Without a signature to protect it the content itself is what must hold.
      try {
        createNativeEngine(readImage(damage(unsigned, random), 'a.wasm', { accept: 'any' })).compile(executable([]), createHost());
        accepted++;
      } catch (error) {
        expect(error).toBeInstanceOf(ImageError);
      }
    }
    expect(accepted).toBeLessThan(5000);
  });
});

function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  switch (random.below(4)) {
    case 0:
      return out.slice(0, random.below(out.length));
    case 1:
      for (let count = 1 + random.below(4); count > 0; count--) out[random.below(out.length)] = random.below(256);
      return out;
    case 2: {
      const at = random.below(out.length);
      return Uint8Array.from([...out.subarray(0, at), ...Array.from({ length: 1 + random.below(20) }, () => random.below(256)), ...out.subarray(at)]);
    }
    default: {
      const at = random.below(out.length);
      return Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + 1 + random.below(20))]);
    }
  }
}

const folder = corpusPath('conformance');
if (folder === undefined) reportSkipped('conformance', 245);

describe.skipIf(folder === undefined)('native image: instruction-set conformance', () => {
  const files = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.data'));

  it.each(files)('%s', (file) => {
    const { instructions, memory, result } = parseConformanceCase(readFileSync(join(folder!, file), 'utf8'));
    expect(runOn(nativeOf(instructions), executable(instructions), memory).r0).toBe(result);
  });
});
