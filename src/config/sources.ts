/**
 * What options are read from, as text: flags, the environment, a `.env` file and a YAML file. The text of an option keeps
 * the name of the place where it was set, for the sentences about it.
 */

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** The sign-ins of `postern login` on this machine. Both throw `ConfigError` when their file may not be used. */
export interface SignIns {
  /** The edge of the last one. */
  lastEdge(): string | undefined;
  /** The access token for an edge, which may have expired. */
  tokenOf(edge: string): string | undefined;
}

/** Everything that options are read from. The caller reads it from the system. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By the option's key; a list is joined with commas; the file of a secret is under `<key>_file`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** A `.env` file, which the environment beats. */
  readonly dotenv?: TextFile;
  /** A YAML file, which both beat. */
  readonly file?: TextFile;
  /**
   * Reads the file that holds a secret; throws when it cannot, a `ConfigError` whose problems end a sentence about the
   * file when it may not. Without it no `_FILE` option works.
   */
  readonly readSecretFile?: (path: string) => string;
  /** For what needs an edge and a token. Without it both must be options. */
  readonly signIns?: SignIns;
}

/** The text of an option, and the name of the place where it was set. */
export interface Entry {
  readonly text: string;
  readonly origin: string;
}

export type Entries = ReadonlyMap<string, Entry>;
