/** A developer's machine for a test: its own credentials, `postern login` with a person at a browser, and what works after it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Line, POSTERN, Program, runPostern } from './processes.js';
import type { World } from './world.js';

export interface Credential {
  owner: string;
  accessToken: string;
  refreshToken: string;
  issuedAtMs: number;
  expiresAtMs: number;
}

export /** A machine of its own: its credentials, and the commands that run on it. */
class Machine {
  readonly #world: World;
  readonly #home: string;
  readonly #programs: Program[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#home = mkdtempSync(join(tmpdir(), 'postern-machine-'));
    after(async () => {
      await Promise.all(this.#programs.map((program) => program.kill()));
      rmSync(this.#home, { recursive: true, force: true });
    });
  }

  get path(): string {
    return join(this.#home, 'postern', 'credentials.json');
  }

  /** The credential of the world's edge, as the file has it. */
  get credential(): Credential {
    const { edges } = JSON.parse(readFileSync(this.path, 'utf8')) as { edges: Record<string, Credential> };
    return edges[this.#world.base] ?? assert.fail('no credential');
  }

  /** As if the access token had lived for so long that it must be renewed. */
  makeDue(): void {
    const contents = JSON.parse(readFileSync(this.path, 'utf8')) as { edges: Record<string, Credential> };
    for (const credential of Object.values(contents.edges)) credential.expiresAtMs = Date.now() - 1;
    writeFileSync(this.path, JSON.stringify(contents));
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const options = { name: `postern ${args[0]}`, script: POSTERN, args, env: { XDG_CONFIG_HOME: this.#home, ...env } };
    const program = new Program(options);
    this.#programs.push(program);
    return program;
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return runPostern(args, { XDG_CONFIG_HOME: this.#home, ...env });
  }

  /** `postern login` in a browser that the test plays; the address that it prints. */
  async startLogin(): Promise<{ program: Program; url: string }> {
    const program = this.start(['login', this.#world.base], { DISPLAY: ':0', BROWSER: 'none' });
    const url = (await program.line((line) => line.includes('/oauth2/authorize?'))).trim();
    return { program, url };
  }

  async login(account = 'ana'): Promise<Program> {
    const { program, url } = await this.startLogin();
    const visitor = this.#world.visitor();
    const page = await visitor.press(await visitor.signIn(url, account), ['decision', 'allow']);
    assert.match(page.text, /You can close this tab/);
    assert.equal((await program.exited).code, 0, program.report());
    return program;
  }

  /** `postern http` of this machine, with nothing but what the sign-in has left. */
  agent(name: string): Program {
    return this.start(['http', this.#world.target.url, '--name', name, '--json']);
  }
}

export const isOnline = (line: Line) => line['event'] === 'online';
