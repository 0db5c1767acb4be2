import { ObjectArrayMap } from './object-array.ts';

/**
 * BPF_MAP_TYPE_PROG_ARRAY. The first program that uses the map or is put into it fixes the program type; others are refused.
 * Programs may only tail-call through it: a lookup yields null.
 */
export class ProgramArrayMap extends ObjectArrayMap {
  #programType: string | undefined;

  /** Type of the programs in it; undefined until the first one. */
  get programType(): string | undefined {
    return this.#programType;
  }

  /** Called for a program that refers to the map; a negative code when its type differs. */
  associate(programType: string): number {
    this.#programType ??= programType;
    return this.#programType === programType ? 0 : this.fail('wrong_program_type');
  }

  override programLookup(): number {
    return 0;
  }

  /** Without a handle or pin nobody can change the array: Linux lets its programs go then (prog_array_map_clear). */
  override userReleased(): void {
    if (this.rules.platform === 'linux') this.clear();
  }

  protected storedFor(id: number): number {
    const program = this.environment.objects.program(id);
    if (program === undefined) return this.fail('bad_fd');
    const refused = this.associate(program.programType);
    return refused < 0 ? refused : id;
  }

  protected idOf(stored: number): number {
    return stored;
  }
}
