import { pathCommand } from './pin-path.ts';

const pin = pathCommand({
  words: 'pin',
  failed: 'could not pin to',
  tag: ({ defaultHelp }) => ({ name: 'pinpath', type: 'string', help: `The path to pin to.${defaultHelp}` }),
  remarks: 'What is pinned outlives the process. An object can have several pins.',
  act: ({ runtime, id, path }) => runtime.pin(id, path),
});

export const pinProgram = pin('program');
export const pinMap = pin('map');
export const pinLink = pin('link');
