/** A request that cannot be answered; its message goes to the user. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** The arguments of a request, read with their types checked: they come from another program. */
export class RequestArguments {
  /** As they came. */
  readonly values: Readonly<Record<string, unknown>>;

  constructor(values: unknown) {
    this.values = typeof values === 'object' && values !== null ? { ...values } : {};
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    if (value !== undefined && value !== null && typeof value !== 'string') throw new RequestError(`"${name}" has to be a string.`);
    return value ?? undefined;
  }

  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new RequestError(`"${name}" is missing.`);
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.values[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new RequestError(`"${name}" has to be a whole number.`);
    return value;
  }

  requiredInteger(name: string): number {
    const value = this.integer(name);
    if (value === undefined) throw new RequestError(`"${name}" is missing.`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.values[name];
    if (value !== undefined && value !== null && typeof value !== 'boolean') throw new RequestError(`"${name}" has to be true or false.`);
    return value ?? undefined;
  }

  object(name: string): RequestArguments {
    return new RequestArguments(this.values[name]);
  }

  objects(name: string): readonly RequestArguments[] {
    return this.list(name).map((value) => new RequestArguments(value));
  }

  texts(name: string): readonly string[] {
    const values = this.list(name);
    if (!values.every((value) => typeof value === 'string')) throw new RequestError(`"${name}" has to be a list of strings.`);
    return values;
  }

  private list(name: string): readonly unknown[] {
    const value = this.values[name] ?? [];
    if (!Array.isArray(value)) throw new RequestError(`"${name}" has to be a list.`);
    return value;
  }
}
