/** The part of `node:fs/promises` that a state folder uses, so that tests can stand a disk between that is full or fails. */
import type { Stats } from 'node:fs';
import * as system from 'node:fs/promises';

export type FileHandle = Pick<
  system.FileHandle,
  'chmod' | 'close' | 'datasync' | 'readFile' | 'sync' | 'truncate' | 'write'
>;

export interface Files {
  open(path: string, flags: string, mode?: number): Promise<FileHandle>;
  rename(from: string, to: string): Promise<void>;
  stat(path: string): Promise<Stats>;
  rm(path: string, options: { readonly force: true }): Promise<void>;
}

export const SYSTEM_FILES: Files = system;
