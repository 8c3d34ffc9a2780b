/** What an installation as a service comes to: files to write and commands to run. Made first, so that it can be shown as it is. */

export interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** Its text is not shown. */
  readonly isSecret?: true;
}

export interface PlannedCommand {
  readonly words: readonly string[];
  /** It fails where there is nothing to do. */
  readonly mayFail?: true;
}

export interface Plan {
  readonly files: readonly PlannedFile[];
  readonly commands: readonly PlannedCommand[];
  /** In place of the commands where each file was as it should be: what runs goes on. */
  readonly commandsIfUnchanged: readonly PlannedCommand[];
  /** What else the person should know, or do. */
  readonly notes: readonly string[];
}

/** The agent that a service runs. */
export interface ServiceAgent {
  /** The tunnel's name, a DNS label. */
  readonly name: string;
  /** The command line of the agent, without its token. */
  readonly command: readonly string[];
  /** A file that only its owner may read; undefined where the sign-in counts, or the developer's file names one. */
  readonly tokenPath: string | undefined;
  /** Settings of the environment that are no secrets, such as a proxy. */
  readonly env: Readonly<Record<string, string>>;
  /** A file of settings that may be secrets; it need not exist. */
  readonly envPath: string;
}

/** By this line a service of ours is known: no other file is overwritten or removed. */
export const MARK = 'Made by "postern service install"';
