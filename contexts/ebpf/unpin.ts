import { CommandError } from '../errors.ts';
import { type Pinning, pathCommand } from './pin-path.ts';

/** Win32 error of what is not there. */
const NOT_FOUND = 1168;

const unpin = pathCommand({
  words: 'unpin',
  failed: 'could not unpin from',
  tag: ({ kind, defaultHelp }) => ({
    name: 'pinpath',
    type: 'string',
    names: 'pin',
    help: `The path to unpin from; it must be a pin of this ${kind}.${defaultHelp}`,
  }),
  remarks: 'What has neither pin, link nor user any more goes away.',
  act(pinning) {
    const { runtime, id, path } = pinning;
    if (runtime.pins.get(path) !== id) throw notPinned(pinning);
    return runtime.unpin(path).path;
  },
});

function notPinned({ kind, runtime: { pins }, id, path }: Pinning): CommandError {
  const paths = pins.pathsOf(id);
  const where = paths.length > 0 ? `It is pinned to ${paths.join(', ')}.` : 'It has no pins.';
  return new CommandError('unpin', `error ${NOT_FOUND}: ${kind} ${id} is not pinned to ${pins.canonical(path)}\n${where}`);
}

export const unpinProgram = unpin('program');
export const unpinMap = unpin('map');
export const unpinLink = unpin('link');
