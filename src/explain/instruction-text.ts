import { formatInstruction } from '../isa/format.ts';
import type { Instruction } from '../isa/instruction.ts';
import { formatHelperCall } from '../platform/format-helper.ts';
import type { Machine } from '../verifier/machine.ts';

/** An instruction with its helpers, maps and functions by name; 64-bit operands are `rN`, 32-bit ones `wN`. */
export function instructionText(machine: Machine, instruction: Instruction, pc: number): string {
  return formatInstruction(instruction, pc, {
    helperText: (id) => {
      const prototype = machine.findHelper(id) ?? machine.rules.platform.helpers.get(id);
      return prototype && formatHelperCall(prototype);
    },
    kfuncText: (id) => machine.object.externs[id] && `${machine.object.externs[id].name}()`,
    wideText: ({ source, low, high }) => {
      const map = machine.map(low)?.name;
      if (source === 'map_fd' || source === 'map_index') return `map ${map}`;
      if (source === 'map_value' || source === 'map_index_value') return `map ${map} + ${high}`;
      return undefined;
    },
    labelText: (slot) => machine.program.functions.find((range) => range.start === slot)?.name,
  });
}
