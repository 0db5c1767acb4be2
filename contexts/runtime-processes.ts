import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateDirectory, readIfPresent, removeIfPresent, writePrivate } from '../src/runtime/store/files.ts';
import { systemProcesses } from '../src/runtime/store/process-table.ts';
import type { HostProcess } from './host.ts';

export interface ListedProcess {
  readonly pid: number;
  readonly name: string;
}

/** Which processes hold eBPF objects: each leaves a file with its name while it does; those of dead processes are swept away. */
export class ProcessList {
  readonly #directory: string;
  readonly #process: HostProcess;
  #registered = false;

  constructor(storeDirectory: string, process: HostProcess) {
    this.#directory = join(storeDirectory, 'processes');
    this.#process = process;
  }

  /** Enters this process or takes it out. */
  register(holding: boolean): void {
    if (holding === this.#registered) return;
    const path = join(this.#directory, String(this.#process.pid));
    if (holding) {
      makePrivateDirectory(this.#directory);
      writePrivate(path, new TextEncoder().encode(`${this.#table().identity} ${this.#process.command}\n`));
    } else removeIfPresent(path);
    this.#registered = holding;
  }

  /** Live processes by number. */
  list(): readonly ListedProcess[] {
    makePrivateDirectory(this.#directory);
    const table = this.#table();
    const listed: ListedProcess[] = [];
    for (const file of readdirSync(this.#directory)) {
      const match = /^(\S*) (.*)\n$/.exec(new TextDecoder().decode(readIfPresent(join(this.#directory, file))));
      if (match === null || !/^\d+$/.test(file)) continue;
      const pid = Number(file);
      if (table.alive(pid, match[1]!)) listed.push({ pid, name: match[2]! });
      else removeIfPresent(join(this.#directory, file));
    }
    return listed.sort((a, b) => a.pid - b.pid);
  }

  #table() {
    return systemProcesses(this.#process.pid, (pid) => this.#process.probe(pid));
  }
}
