/**
 * A disk for a state folder: the real one, with a limited room and failures on demand, and a record of what reached it, from
 * which the folder can be made again as a crash at any byte would leave it.
 */
import type { Stats } from 'node:fs';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type FileHandle, type Files, SYSTEM_FILES } from '../../src/store/files.js';

type Step =
  | { readonly kind: 'create'; readonly file: number; readonly name: string }
  | { readonly kind: 'write'; readonly file: number; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: number; readonly size: number }
  | { readonly kind: 'sync'; readonly file: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'sync names' }
  | { readonly kind: 'acknowledged' };

/** The files of a folder after a crash, by name, and how many writes had been acknowledged. */
export interface Crash {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly acknowledged: number;
}

type Call = 'datasync' | 'sync' | 'sync names' | 'truncate' | 'rename';

export class Disk implements Files {
  /** Bytes that can still be written. */
  room = Number.POSITIVE_INFINITY;
  /** The calls that fail now, with EIO. */
  readonly failing = new Set<Call>();
  /** Called after each whole write. */
  onWrite: () => unknown = () => {};
  readonly #folder: string;
  readonly #steps: Step[] = [];
  #files = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  acknowledged(): void {
    this.#steps.push({ kind: 'acknowledged' });
  }

  async open(path: string, flags: string, mode?: number): Promise<FileHandle> {
    const file = this.#files++;
    const handle = await open(path, flags, mode);
    if (flags.startsWith('wx')) this.#steps.push({ kind: 'create', file, name: basename(path) });
    const isFolder = path === this.#folder;
    return {
      chmod: (bits) => handle.chmod(bits),
      close: () => handle.close(),
      readFile: handle.readFile.bind(handle),
      write: ((bytes: Buffer, offset: number, length: number, position: number) =>
        this.#write(handle, file, bytes.subarray(offset, offset + length), position)) as FileHandle['write'],
      datasync: () => this.#do('datasync', { kind: 'sync', file }),
      sync: () =>
        isFolder ? this.#do('sync names', { kind: 'sync names' }) : this.#do('sync', { kind: 'sync', file }),
      truncate: (size = 0) => this.#do('truncate', { kind: 'truncate', file, size }, () => handle.truncate(size)),
    };
  }

  stat(path: string): Promise<Stats> {
    return SYSTEM_FILES.stat(path);
  }

  rename(from: string, to: string): Promise<void> {
    const step: Step = { kind: 'rename', from: basename(from), to: basename(to) };
    return this.#do('rename', step, () => SYSTEM_FILES.rename(from, to));
  }

  async rm(path: string): Promise<void> {
    await SYSTEM_FILES.rm(path, { force: true });
    this.#steps.push({ kind: 'remove', name: basename(path) });
  }

  /** What each crash leaves: after every byte that was written, with everything until then, or with what was synced only. */
  *crashes(): Iterable<Crash> {
    const record = new Record();
    for (const step of this.#steps) {
      for (let cut = 0; step.kind === 'write' && cut < step.bytes.length; cut++)
        yield record.after({ ...step, bytes: step.bytes.subarray(0, cut) }).everything();
      record.apply(step);
      yield record.everything();
      yield record.synced();
    }
  }

  async #write(handle: FileHandle, file: number, bytes: Buffer, position: number) {
    const taken = bytes.subarray(0, Math.min(bytes.length, this.room));
    if (taken.length === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    await handle.write(taken, 0, taken.length, position);
    this.room -= taken.length;
    this.#steps.push({ kind: 'write', file, position, bytes: Buffer.from(taken) });
    if (taken.length === bytes.length) await this.onWrite();
    return { bytesWritten: taken.length, buffer: bytes };
  }

  async #do(call: Call, step: Step, perform?: () => Promise<void>): Promise<void> {
    if (this.failing.has(call)) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
    await perform?.(); // nothing to do for a sync: no power is lost here
    this.#steps.push(step);
  }
}

/** Makes a folder as a crash has left it. */
export function restore(folder: string, { files }: Crash): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
}

/** The state of a disk, as far as it got, and as far as it is durable. */
class Record {
  #acknowledged = 0;
  #bytes = new Map<number, Buffer>();
  #names = new Map<string, number>();
  #syncedBytes = new Map<number, Buffer>();
  #syncedNames = new Map<string, number>();

  after(step: Step): Record {
    const copy = new Record();
    copy.#acknowledged = this.#acknowledged;
    copy.#bytes = new Map(this.#bytes);
    copy.#names = new Map(this.#names);
    copy.apply(step);
    return copy;
  }

  everything(): Crash {
    return this.#crash(this.#names, this.#bytes);
  }

  synced(): Crash {
    return this.#crash(this.#syncedNames, this.#syncedBytes);
  }

  apply(step: Step): void {
    if (step.kind === 'acknowledged') this.#acknowledged += 1;
    else if (step.kind === 'rename') this.#rename(step);
    else if (step.kind === 'remove') this.#names.delete(step.name);
    else if (step.kind === 'sync names') this.#syncedNames = new Map(this.#names);
    else if (step.kind === 'sync') this.#syncedBytes.set(step.file, this.#bytesOf(step.file));
    else this.#change(step);
  }

  #rename({ from, to }: { from: string; to: string }): void {
    const file = this.#names.get(from);
    this.#names.delete(from);
    if (file !== undefined) this.#names.set(to, file);
  }

  #change(step: Extract<Step, { kind: 'create' | 'write' | 'truncate' }>): void {
    if (step.kind === 'create') this.#names.set(step.name, step.file);
    const before = step.kind === 'create' ? Buffer.alloc(0) : this.#bytesOf(step.file);
    if (step.kind === 'truncate') this.#bytes.set(step.file, before.subarray(0, step.size));
    else if (step.kind === 'create') this.#bytes.set(step.file, before);
    else this.#bytes.set(step.file, Buffer.concat([before.subarray(0, step.position), step.bytes]));
  }

  #bytesOf(file: number): Buffer {
    return this.#bytes.get(file) ?? Buffer.alloc(0);
  }

  #crash(names: ReadonlyMap<string, number>, bytes: ReadonlyMap<number, Buffer>): Crash {
    const files = new Map([...names].map(([name, file]) => [name, bytes.get(file) ?? Buffer.alloc(0)] as const));
    return { files, acknowledged: this.#acknowledged };
  }
}
