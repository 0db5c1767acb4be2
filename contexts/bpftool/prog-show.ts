import type { BpfProgram } from '../../src/runtime/programs.ts';
import { factsOf } from './program-facts.ts';
import type { Found } from './references.ts';
import { pinLines, showVerb } from './show.ts';

export const progShow = showVerb('prog', '{ show | list } [PROG]', describe);

function describe(found: Found<BpfProgram>, withPins: boolean) {
  const { runtime, object } = found;
  const { id, mapIds } = object;
  const facts = factsOf(runtime, object);
  const maps = mapIds.length > 0 ? `  map_ids ${mapIds.join(',')}` : '';
  const code = facts ? `\txlated ${facts.bytes}B  ${facts.jited ? 'jited' : 'not jited'}` : '';
  return {
    json: {
      ...programHeaderJson(found, facts),
      ...(facts ? { bytes_xlated: facts.bytes, jited: facts.jited } : {}),
      ...(mapIds.length > 0 ? { map_ids: mapIds } : {}),
      ...(withPins ? { pinned: runtime.pins.pathsOf(id) } : {}),
    },
    text: `${programHeader(found, facts)}${code}${maps}${pinLines(runtime, id, withPins)}\n`,
  };
}

/** What stands before the code of a program where several are dumped, too. */
export function programHeaderJson({ runtime, object }: Found<BpfProgram>, facts = factsOf(runtime, object)) {
  const { id, type, name } = object;
  return {
    id,
    type: type.name,
    ...(name === '' ? {} : { name }),
    ...(facts ? { tag: facts.tag, gpl_compatible: facts.gplCompatible } : {}),
  };
}

/** `5: xdp  name DropPacket  `, on Linux `5: xdp  name count  tag b11459a0e11ca14c  gpl`, with the line's end. */
export function programHeader({ runtime, object }: Found<BpfProgram>, facts = factsOf(runtime, object)): string {
  const { id, type, name } = object;
  const rest = facts ? `tag ${facts.tag}${facts.gplCompatible ? '  gpl' : ''}` : '';
  return `${id}: ${type.name}  ${name === '' ? '' : `name ${name}  `}${rest}\n`;
}
