/**
 * Shows a text on the desktop, by a program that the system has: `notify-send`, or `osascript` on macOS. The text is hostile: it is
 * an argument behind `--`, and never part of a script. Windows has no program that takes it so: none is used there.
 */
import { spawn } from 'node:child_process';

/** A program and how a text becomes its arguments. */
export interface DesktopProgram {
  readonly command: string;
  readonly argumentsFor: (title: string, body: string) => readonly string[];
}

// A notification is handed over in milliseconds.
const MAX_RUN_MS = 5_000;

// Counted from the end, so that it does not matter whether `--` is one of them.
const SCRIPT = ['on run argv', 'display notification (item -1 of argv) with title (item -2 of argv)', 'end run'];

const NOTIFY_SEND: DesktopProgram = {
  command: 'notify-send',
  argumentsFor: (title, body) => ['--app-name=Postern', '--', title, escapeMarkup(body)],
};

const OSASCRIPT: DesktopProgram = {
  command: 'osascript',
  argumentsFor: (title, body) => [...SCRIPT.flatMap((line) => ['-e', line]), '--', title, body],
};

/** The program of this desktop; none over SSH, where the person sits elsewhere, and without a desktop session. */
export function desktopProgram(env: NodeJS.ProcessEnv, platform = process.platform): DesktopProgram | undefined {
  if (env['SSH_CONNECTION'] || env['SSH_TTY'] || env['SSH_CLIENT']) return undefined;
  if (platform === 'darwin') return OSASCRIPT;
  const hasSession = env['DBUS_SESSION_BUS_ADDRESS'] || env['DISPLAY'] || env['WAYLAND_DISPLAY'];
  return platform !== 'win32' && hasSession ? NOTIFY_SEND : undefined;
}

/**
 * Runs the program, for five seconds at most, without the secrets of Postern's environment. Resolves once it ended: to nothing if
 * it worked, else to what is wrong, with `ENOENT` where it is not installed.
 */
export function showOnDesktop(
  { command, argumentsFor }: DesktopProgram,
  text: { readonly title: string; readonly body: string },
  env: NodeJS.ProcessEnv,
): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const others = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('POSTERN_')));
    const program = spawn(command, argumentsFor(text.title, text.body), {
      ...{ env: others, stdio: 'ignore', shell: false, timeout: MAX_RUN_MS, killSignal: 'SIGKILL' },
    });
    program.on('error', resolve);
    program.on('exit', (code, signal) => {
      resolve(code === 0 ? undefined : new Error(`${command} ended with ${signal ?? code}`));
    });
    program.unref();
  });
}

// The body of a notification is markup (Desktop Notifications Specification).
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
