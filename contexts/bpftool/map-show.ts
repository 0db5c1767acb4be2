import type { BpfMap } from '../../src/runtime/maps/map.ts';
import type { Found } from './references.ts';
import { pinLines, showVerb } from './show.ts';

export const mapShow = showVerb('map', '{ show | list }   [MAP]', describe);

function describe({ runtime, object }: Found<BpfMap>, withPins: boolean) {
  const { id, keySize, valueSize, maxEntries, frozen } = object;
  return {
    json: {
      ...mapHeaderJson(object),
      bytes_key: keySize,
      bytes_value: valueSize,
      max_entries: maxEntries,
      frozen: frozen ? 1 : 0,
      ...(withPins ? { pinned: runtime.pins.pathsOf(id) } : {}),
    },
    text:
      `${mapHeader(object)}\tkey ${keySize}B  value ${valueSize}B  max_entries ${maxEntries}${pinLines(runtime, id, withPins)}\n` +
      (frozen ? '\tfrozen\n' : ''),
  };
}

/** What stands before the elements of a map where several are shown, too. */
export function mapHeaderJson({ id, name, specification, flags }: BpfMap) {
  return { id, type: specification.type.name, ...(name === '' ? {} : { name }), flags };
}

/** `5: array  name Name  flags 0x0`, with the line's end. */
export function mapHeader({ id, name, specification, flags }: BpfMap): string {
  return `${id}: ${specification.type.name}  ${name === '' ? '' : `name ${name}  `}flags 0x${flags.toString(16)}\n`;
}
