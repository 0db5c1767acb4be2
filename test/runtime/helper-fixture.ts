import { linux } from '../../src/platform/linux/linux.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { type HelperEnvironment, newNotes } from '../../src/runtime/helpers/environment.ts';
import { KernelObjects } from '../../src/runtime/helpers/kernel-objects.ts';
import { bindHelpers, bindOne } from '../../src/runtime/helpers/table.ts';
import type { BpfMap } from '../../src/runtime/maps/map.ts';
import { TimerQueue } from '../../src/runtime/timers.ts';
import { TraceRing } from '../../src/runtime/trace.ts';
import { mapBench } from './map-fixture.ts';

/** Helpers of a program type, called directly: no program, one environment. */
export function bench(platformName: 'windows' | 'linux', programType: string) {
  const platform: Platform = platformName === 'windows' ? windows : linux;
  const maps = mapBench(platformName);
  const mapsByHandle = new Map<number, BpfMap>();
  const kernel = new KernelObjects(maps.environment.memory, platform);
  Object.assign(maps.environment, { standIn: (struct: string) => kernel.standIn(struct) });
  const type = platform.programTypes.find(({ name }) => name === programType);
  const environment: HelperEnvironment = {
    ...maps.environment,
    execution: { memory: maps.environment.memory.memory, stackBase: 0, frameSize: 512, maxFrames: 8, maxTailCalls: 33, pendingTailCall: undefined },
    trace: new TraceRing(),
    run: {
      programName: 'p',
      programType,
      attachType: '',
      context: 0,
      layout: type?.context,
      packet: undefined,
      hook: {},
      redirectContext: undefined,
      redirect: undefined,
      events: [],
      packetWritable: type?.packetWrite === true,
      notes: newNotes(),
    },
    mapsByHandle,
    compiled: () => undefined,
    kernel,
    timers: new TimerQueue(),
  };
  const helpers = bindHelpers(platform, type, environment);
  const call = (name: string, ...values: (number | bigint)[]) => {
    const kfunc = platform.kfuncs.get(name);
    const helper = [...helpers.values()].find((candidate) => candidate.name === name) ?? (kfunc && bindOne(platform, kfunc, 0, environment));
    if (helper === undefined) throw new Error(`no helper ${name}`);
    // As an engine passes registers: by the helper's own parameter types.
    const registers = values.map((value, index) => (helper.parameters[index] === 'i64' ? BigInt(value) : Number(value)));
    const result = (helper.call as (...args: (number | bigint)[]) => number | bigint | undefined)(...registers);
    return helper.result === 'none' ? undefined : result;
  };
  /** A map that helpers find by the number that is returned. */
  const use = (...made: Parameters<typeof maps.make>) => {
    const map = maps.make(...made);
    mapsByHandle.set(map.handle, map);
    return map;
  };
  const text = (value: string) => maps.place(Uint8Array.from([...value].map((c) => c.charCodeAt(0)).concat(0)));
  const packet = (bytes: Uint8Array) => {
    const start = environment.memory.allocate(bytes.length + 64, 'packet', 'p');
    environment.memory.write(start + 32, bytes);
    environment.run.packet = { bufferStart: start, bufferEnd: start + bytes.length + 64, start: start + 32, end: start + 32 + bytes.length };
    environment.run.context = environment.memory.allocate(type!.context.size, 'context', 'c');
  };
  return { ...maps, environment, helpers, call, text, packet, use, mapsByHandle, memory: environment.memory };
}
