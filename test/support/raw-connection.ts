import { connect, type Socket } from 'node:net';

/** For something that never comes. A slow machine never takes this long. */
const HANGING_MS = 180_000;

export interface RawAnswer {
  status: number;
  headers: Headers;
  body: string;
}

/** A connection that sends bytes unchanged, also those that no HTTP client sends, and reads answers. */
export interface RawConnection {
  socket: Socket;
  /** The answers so far, in their order. Statuses below 200 are among them. */
  answers: RawAnswer[];
  /** Sends pieces, each in a packet of its own as far as the system allows. */
  send(...pieces: (string | Buffer)[]): void;
  /** Waits until there are this many answers, or the connection is closed. */
  answered(count: number | (() => number)): Promise<RawAnswer[]>;
  /** Waits until the server closes the connection. Returns all answers. */
  closed(): Promise<RawAnswer[]>;
  /** Returns the code of the error that ended the connection, such as ECONNRESET. */
  error(): string | undefined;
  /** Returns what was received after the last complete answer. */
  rest(): Buffer;
}

export function openRawConnection(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const answers: RawAnswer[] = [];
  let received: Buffer = Buffer.alloc(0);
  let isClosed = false;
  let error: string | undefined;
  let waiting: (() => void)[] = [];
  const read = () => {
    for (;;) {
      const found = readAnswer(received, isClosed);
      if (!found) break;
      answers.push(found.answer);
      received = received.subarray(found.bytes);
    }
    for (const check of waiting) check();
  };
  const until = (what: string, isReached: () => boolean) =>
    new Promise<RawAnswer[]>((resolve, reject) => {
      const late = () => reject(new Error(`waited ${HANGING_MS} ms in vain for ${what}`));
      const timer = setTimeout(late, HANGING_MS);
      const check = () => {
        if (!isReached()) return;
        clearTimeout(timer);
        waiting = waiting.filter((other) => other !== check);
        resolve(answers);
      };
      waiting.push(check);
      check();
    });
  socket.on('data', (chunk) => {
    received = received.length > 0 ? Buffer.concat([received, chunk]) : chunk;
    read();
  });
  socket.on('error', ({ code }: NodeJS.ErrnoException) => (error = code));
  socket.once('close', () => {
    isClosed = true;
    read();
  });
  return {
    socket,
    answers,
    send: (...pieces) => {
      for (const piece of pieces) socket.write(piece);
    },
    answered: (count) =>
      until('answers', () => isClosed || answers.length >= (typeof count === 'number' ? count : count())),
    closed: () => until('the end of the connection', () => isClosed),
    error: () => error,
    rest: () => received,
  };
}

/** @throws Error if the bytes are not an HTTP answer. */
function readAnswer(bytes: Buffer, isLast: boolean): { answer: RawAnswer; bytes: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (!status) throw new Error(`not an HTTP answer: ${bytes.toString('latin1', 0, 200)}`);
  const headers = new Headers(fields.map((field) => field.split(/: ?(.*)/s, 2) as [string, string]));
  const start = headEnd + 4;
  const whole = (end: number, body: Buffer) => ({
    answer: { status, headers, body: body.toString() },
    bytes: end,
  });
  if (status < 200 || status === 204) return whole(start, Buffer.alloc(0));
  if (headers.get('transfer-encoding') === 'chunked') {
    const body = readChunks(bytes, start);
    return body && whole(body.end, Buffer.concat(body.chunks));
  }
  const length = headers.get('content-length');
  if (length === null && !isLast) return undefined;
  const end = length === null ? bytes.length : start + Number(length);
  return end > bytes.length ? undefined : whole(end, bytes.subarray(start, end));
}

function readChunks(bytes: Buffer, start: number): { chunks: Buffer[]; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2 + size + 2;
    if (at > bytes.length) return undefined;
    if (size === 0) return { chunks, end: at };
    chunks.push(bytes.subarray(lineEnd + 2, at - 2));
  }
}
