import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A program on a terminal of its own, and what the person at it types. */
export interface Session {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** In order: when the text has been shown, the keys are typed. */
  readonly answers: readonly (readonly [shown: string, keys: string])[]
}

/** What was seen on the terminal, and how the program ended. */
export interface Seen {
  readonly screen: string
  readonly code: number | null
}

// A pseudo-terminal needs fork and ioctl, which Node has not. The program runs in a session of its own, so that
// /dev/tty is this terminal.
const driver = `
import json, os, pty, select, signal, sys
spec = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(spec['cwd'])
    os.execvpe(spec['command'][0], spec['command'], spec['env'])
signal.alarm(240)
screen, start, answers = b'', 0, list(spec['answers'])
while True:
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        break
    if not chunk:
        break
    screen += chunk
    while answers and answers[0][0].encode() in screen[start:]:
        start = screen.index(answers[0][0].encode(), start) + len(answers[0][0].encode())
        os.write(terminal, answers.pop(0)[1].encode())
_, status = os.waitpid(pid, 0)
json.dump({'screen': screen.decode('utf-8', 'replace'), 'code': os.waitstatus_to_exitcode(status)}, sys.stdout)
`

/** Runs a program on a terminal until it ends. */
export async function onTerminal(session: Session): Promise<Seen> {
  const child = spawn('python3', ['-c', driver], { stdio: ['pipe', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin.end(JSON.stringify(session))
  await once(child, 'close')
  return JSON.parse(Buffer.concat(chunks).toString())
}
