import type { CompiledProgram, Engine, ExecutableProgram, ExecutionHost } from '../engine.ts';
import { link } from '../jit/link.ts';
import type { NativeImage } from './image.ts';
import { ImageError } from './image-error.ts';

/**
 * The engine that runs what an image holds. `compile` takes the program of the same name from it; the instructions it is given are not
 * looked at, only names are linked: helpers, kernel functions, maps.
 * Throws ImageError `mismatch` when the image has no such program, or was made for other helper prototypes or other frames than the host's.
 */
export function createNativeEngine(image: NativeImage): Engine {
  return {
    name: 'native',
    compile(program: ExecutableProgram, host: ExecutionHost): CompiledProgram {
      const { manifest, path } = image;
      const number = manifest.programs.findIndex((one) => one.name === program.name);
      if (number < 0) throw new ImageError('mismatch', path, `there is no program ${program.name} in it`);
      if (manifest.frameSize !== host.frameSize || manifest.maxFrames !== host.maxFrames) {
        throw new ImageError(
          'mismatch',
          path,
          `made for ${manifest.maxFrames} frames of ${manifest.frameSize} bytes, this host has ${host.maxFrames} of ${host.frameSize}`,
        );
      }
      for (const helper of manifest.helpers) {
        const have = (helper.kind === 'helper' ? program.helpers : program.kfuncs).get(helper.id);
        if (have === undefined || (have.result === helper.result && have.parameters.join() === helper.parameters.join())) continue;
        throw new ImageError('mismatch', path, `helper ${have.name} has changed since the image was made; convert the object again`);
      }
      const info = {
        helperImports: manifest.helpers,
        inlineImports: [],
        values: manifest.programs.map((one) => one.values),
        callbacks: manifest.programs.map((one) => one.callbacks),
      };
      try {
        return link(image.module, info, number, program, host, () => undefined);
      } catch (error) {
        if (error instanceof WebAssembly.LinkError || error instanceof TypeError) throw new ImageError('malformed', path, error.message);
        throw error;
      }
    },
  };
}
