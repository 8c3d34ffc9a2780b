/** Programs in a terminal of their own, by Python's pty: what it shows, keys that are pressed, its size. */
import { spawnSync } from 'node:child_process';
import { Program, type ProgramOptions } from './processes.js';

/** Whether this machine can do it. */
export const HAS_PTY = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0;

// Runs a command in a new terminal. For each step, once the terminal shows its mark, a person looks at it, presses the key, and says
// "pressed". A terminal that is unread shows no more after the first one: what the command writes then stays in the terminal. On
// SIGTERM the command is ended first.
const SCRIPT = `
import fcntl, json, os, pty, signal, struct, sys, termios, time
rows, columns, steps, command = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
os.kill(pid, signal.SIGWINCH)
for name in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(name, lambda number, _: os.kill(pid, number))
seen = b''
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    seen += data
    os.write(1, data)
    while steps and steps[0][0].encode() in seen:
        seen = seen.split(steps[0][0].encode(), 1)[1]
        time.sleep(0.8)
        os.write(terminal, steps.pop(0)[1].encode())
        os.write(1, b'\\n{"pressed":true}\\n')
    if len(sys.argv) > 2 and not steps: break
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
`;

export interface TerminalOptions extends Pick<ProgramOptions, 'name' | 'env'> {
  readonly command: readonly string[];
  readonly columns?: number;
  /** What to wait for before the key is pressed. */
  readonly mark?: string;
  /** Ctrl-S is `\x13`, Ctrl-C `\x03`. */
  readonly key?: string;
  /** More of both, one after the other. */
  readonly steps?: readonly (readonly [mark: string, key: string])[];
  /** Nothing is read of the terminal once the key was pressed. */
  readonly unread?: true;
}

/** Starts a command in a terminal; `line` finds what it shows. */
export function startInTerminal(options: TerminalOptions): Program {
  const { name, command, columns = 80, mark = '', key = '', steps = [], unread, env = {} } = options;
  const first = key === '' ? [] : [[mark, key]];
  const request = JSON.stringify([24, columns, [...first, ...steps], command]);
  return new Program({
    name,
    command: 'python3',
    script: '-c',
    args: [SCRIPT, request, ...(unread ? ['unread'] : [])],
    env,
  });
}
