import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** One HTTP request as bytes on the wire: nothing is normalised, and repeated headers stay repeated. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array | undefined;
  readonly chunked?: boolean | undefined;
  readonly slowBytesPerSecond?: number | undefined;
}

/** What came back. Status 0: the server closed the connection without an answer. */
export interface RawAnswer {
  readonly status: number;
  /** Lower-case names; repeated ones joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly ms: number;
}

/** The bytes of a request, without its body. */
function head({ method, path, headers = [], chunked }: RawRequest, bodyBytes: number): string {
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [`${method} ${path} HTTP/1.1`, "Connection: close"];
  if (!named.has("host")) lines.push("Host: x");
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (chunked) lines.push("Transfer-Encoding: chunked");
  else if (!named.has("content-length") && (bodyBytes > 0 || ["PATCH", "PUT", "POST"].includes(method)))
    lines.push(`Content-Length: ${bodyBytes}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Bytes per write: a tenth of a second's worth of a slow request. */
const pieceSize = ({ slowBytesPerSecond: rate }: RawRequest): number =>
  rate === undefined ? 16_384 : Math.max(1, Math.floor(rate / 10));

/** The pieces in which a request is written. */
function* pieces(request: RawRequest): Generator<Buffer> {
  const body = Buffer.from(request.body ?? "");
  yield Buffer.from(head(request, body.length));
  const size = pieceSize(request);
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    yield request.chunked
      ? Buffer.from(`${piece.length.toString(16)}\r\n${piece.toString("latin1")}\r\n`, "latin1")
      : piece;
  }
  if (request.chunked) yield Buffer.from("0\r\n\r\n");
}

/** Sends a request over its own socket, and reads until the server closes it. */
export function send(port: number, request: RawRequest, timeout = 10_000): Promise<RawAnswer> {
  const rate = request.slowBytesPerSecond;
  const pause = rate === undefined ? 0 : (pieceSize(request) / rate) * 1000;
  return exchange(port, pieces(request), { timeout, pause });
}

/** Writes bytes to a socket, and reads until the server closes it or the time is over. */
export function exchange(
  port: number,
  bytes: Iterable<Uint8Array>,
  { timeout = 10_000, pause = 0 }: { timeout?: number; pause?: number } = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const started = performance.now();
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1");
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...parse(Buffer.concat(chunks)), ms: performance.now() - started });
    };
    const timer = setTimeout(finish, timeout);
    socket.on("data", (chunk) => chunks.push(chunk));
    for (const event of ["end", "close", "error"]) socket.on(event, finish);
    const write = async (): Promise<void> => {
      for (const piece of bytes) {
        if (socket.destroyed) return;
        socket.write(piece);
        if (pause > 0) await sleep(pause);
      }
    };
    socket.on("connect", () => void write());
  });
}

/** Takes an answer apart, skipping interim ones. */
function parse(bytes: Buffer): Omit<RawAnswer, "ms"> {
  const end = bytes.indexOf("\r\n\r\n");
  const [first = "", ...lines] = bytes.subarray(0, Math.max(end, 0)).toString("latin1").split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = bytes.subarray(end + 4);
  if (status >= 100 && status < 200) return parse(rest);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    const before = headers.get(name.toLowerCase());
    headers.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
  }
  const body = headers.get("transfer-encoding") === "chunked" ? dechunk(rest) : rest;
  return { status, headers, body: end < 0 ? "" : body.toString() };
}

function dechunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf("\r\n", at);
    const size = end < 0 ? 0 : Number.parseInt(bytes.subarray(at, end).toString("latin1"), 16);
    if (!(size > 0)) break;
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
