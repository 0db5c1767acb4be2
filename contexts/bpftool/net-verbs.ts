import type { VirtualInterface } from '../../src/runtime/hooks/interfaces.ts';
import type { BpfLink } from '../../src/runtime/links.ts';
import { Errno } from '../../src/runtime/result.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Machine } from '../runtime.ts';
import { attempt, Failure, refusal } from './failure.ts';
import type { Json } from './json.ts';
import { linkType } from './link-verbs.ts';
import { findOne } from './references.ts';
import { type Answer, DONE, defineVerb } from './verb.ts';

/** Ways to attach to an interface; all but the first pick where in Linux's stack a program runs, which is one place here. */
const ATTACH_TYPES = ['xdp', 'xdpgeneric', 'xdpdrv', 'xdpoffload'] as const;
const ATTACH_TYPE = { kind: 'choice', name: 'type', words: ATTACH_TYPES, complaint: 'invalid net attach/detach type: %' } as const;
const DEVICE = { word: 'dev', value: 'word', what: 'device' } as const;

export const netShow = defineVerb({
  words: ['show', 'list'],
  usage: '{ show | list } [dev <devname>]',
  slots: [{ kind: 'keywords', name: 'settings', rows: [DEVICE] }],
  run: ({ settings: { dev } }, { machine }) =>
    machine.transaction((): Answer => {
      const runtimes = machine.runtimes();
      if (dev !== undefined && !runtimes.some((runtime) => runtime.interfaces.find(dev))) throw new Failure(`invalid devname ${dev}`);
      const xdp = runtimes.flatMap((runtime) => xdpRows(runtime, dev));
      const tc = dev === undefined ? runtimes.flatMap(tcRows) : [];
      const sections: readonly (readonly [string, readonly Row[]])[] = [
        ['xdp', xdp],
        ['tc', tc],
        ['flow_dissector', []],
      ];
      return {
        json: [Object.fromEntries(sections.map(([name, rows]) => [name, rows.map(({ json }) => json)]))],
        text: sections.map(([name, rows]) => `${name}:\n${rows.map(({ text }) => `${text}\n`).join('')}\n`).join(''),
      };
    }),
});

export const netAttach = defineVerb({
  words: ['attach'],
  usage: 'attach ATTACH_TYPE PROG dev <devname> [ overwrite ]',
  slots: [
    ATTACH_TYPE,
    { kind: 'reference', name: 'program', of: 'prog' },
    { kind: 'keywords', name: 'settings', rows: [DEVICE, { word: 'overwrite', value: 'flag', what: 'overwrite' }] },
  ],
  least: 5,
  run: ({ type, program, settings: { dev = '', overwrite = false } }, { machine }) =>
    machine.transaction(() => {
      const { runtime, object } = findOne(machine, 'prog', program);
      const { index } = device(runtime, dev);
      const before = linksAt(runtime, index);
      const doing = `interface ${type} attach failed`;
      if (before.length > 0 && !overwrite) throw refusal(doing, Errno.EBUSY);
      const hook = runtime.platform.attachTypes.find(({ name }) => name === 'xdp');
      // A program that does not fit must not cost the interface the one it has.
      if (object.type.name !== hook?.programType) throw refusal(doing, Errno.EINVAL);
      for (const link of before) runtime.detach(link.id);
      const link = attempt(doing, () => runtime.attach(object.id, hook, { interfaceIndex: index }, { legacy: true }));
      // The attachment itself keeps the link from now on.
      runtime.closeHandle(link.id);
      return DONE;
    }),
});

export const netDetach = defineVerb({
  words: ['detach'],
  usage: 'detach ATTACH_TYPE dev <devname>',
  slots: [ATTACH_TYPE, { kind: 'keywords', name: 'settings', rows: [DEVICE] }],
  least: 3,
  run: ({ type, settings: { dev = '' } }, { machine }) =>
    machine.transaction(() => {
      const links = attachedTo(machine, dev);
      if (links.length === 0) throw refusal(`interface ${type} detach failed`, Errno.ENOENT);
      for (const { runtime, link } of links) runtime.detach(link.id);
      return DONE;
    }),
});

function device(runtime: Runtime, name: string): VirtualInterface {
  const found = runtime.interfaces.find(name);
  if (!found) throw new Failure(`invalid devname ${name}`);
  return found;
}

/** XDP attachments of exactly that interface. */
function linksAt(runtime: Runtime, index: number): readonly BpfLink[] {
  return runtime.links().filter((link) => link.state === 'attached' && link.attachType.name === 'xdp' && link.parameters.interfaceIndex === index);
}

function attachedTo(machine: Machine, dev: string) {
  const known = machine.runtimes().filter((runtime) => runtime.interfaces.find(dev));
  if (known.length === 0) throw new Failure(`invalid devname ${dev}`);
  return known.flatMap((runtime) => linksAt(runtime, device(runtime, dev).index).map((link) => ({ runtime, link })));
}

interface Row {
  readonly json: Json;
  readonly text: string;
}

/** Each interface with each program that sees its packets; an attachment without interface counts for all. */
function xdpRows(runtime: Runtime, dev: string | undefined): readonly Row[] {
  const only = dev === undefined ? undefined : runtime.interfaces.find(dev)?.index;
  // No driver of Linux stands behind the interfaces here.
  const mode = runtime.platform.name === 'linux' ? 'generic' : 'driver';
  return runtime.interfaces
    .list()
    .filter(({ index }) => only === undefined || index === only)
    .flatMap(({ index, name }) =>
      runtime.attached('xdp', { interfaceIndex: index }).map(({ program }) => ({
        json: { devname: name, ifindex: index, mode, id: program.id },
        text: `${name}(${index}) ${mode} id ${program.id}`,
      })),
    );
}

function tcRows(runtime: Runtime): readonly Row[] {
  return runtime
    .links()
    .filter((link) => link.state === 'attached' && linkType(link) === 'tcx')
    .map(({ attachType, programId }) => {
      const name = runtime.program(programId)?.name ?? '';
      return { json: { kind: attachType.name, name, prog_id: programId }, text: `${attachType.name} ${name} prog_id ${programId}` };
    });
}
