import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ExecutableProgram, type HelperImplementation, NULL_GUARD } from '../../src/engine/engine.ts';
import { analyseFunctions } from '../../src/engine/jit/functions.ts';
import { mapLookup } from '../../src/engine/jit/map-lookup.ts';
import { translate } from '../../src/engine/jit/translate.ts';
import { loadObject } from '../../src/object/load.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';

const FOLDERS = ['build', 'cilium', 'cilium-examples', 'falco', 'linux', 'new_linux', 'prototype-kernel'];
const root = corpusPath('elf');
if (root === undefined) reportSkipped('elf', 463);

/** Every helper exists and takes five numbers: this is about code, not about what it does. */
const helpers = new Map<number, HelperImplementation>();
for (let id = 0; id < 256; id++) {
  helpers.set(id, { id, name: `helper ${id}`, parameters: ['u32', 'u32', 'u32', 'i64', 'i64'], result: 'i64', call: () => 0n, tailCall: id === 12 });
}

describe.skipIf(root === undefined)('programs that compilers made', () => {
  let lookups = 0;
  let inlined = 0;

  it.each(FOLDERS)('in %s become valid WebAssembly, without dispatch', { timeout: 300_000 }, (folder) => {
    const lookup = mapLookup(() => {
      inlined++;
      return { kind: 'array', base: 0x2_0000, stride: 8, maxEntries: 4, cpuStride: 0 };
    });
    for (const file of readdirSync(join(root!, folder)).filter((name) => name.endsWith('.o'))) {
      const object = loadObject(readFileSync(join(root!, folder, file)), file);
      for (const one of object.programs) {
        if (one.defect !== undefined) continue;
        const program: ExecutableProgram = {
          name: one.name,
          instructions: one.instructions,
          helpers,
          kfuncs: new Map(),
          resolve: (load) => BigInt(0x3_0000 + load.low * 64),
        };
        const inlineHelpers = new Map([[1, lookup]]);
        const { bytes } = translate([program], { frameSize: 512, maxFrames: 8, stackBase: NULL_GUARD, values: 'baked', inlineHelpers });
        expect(WebAssembly.validate(bytes), `${file} ${one.name}`).toBe(true);
        for (const { graph } of analyseFunctions(program, 8).functions.values()) {
          expect(
            graph.blocks.some((block) => block.kind === 'dispatch'),
            `${file} ${one.name}`,
          ).toBe(false);
        }
        lookups += one.instructions.filter((instruction) => instruction?.kind === 'call' && instruction.helper === 1).length;
      }
    }
  });

  it('name the map where they search it, nearly always', () => {
    // Copies made by inlining count more than once, unreachable calls not at all; inner maps of maps are never known.
    expect(lookups).toBeGreaterThan(4000);
    expect(inlined).toBeGreaterThan(lookups * 0.9);
  });
});
