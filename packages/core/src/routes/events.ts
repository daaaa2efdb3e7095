import { type HttpRequest, type HttpResponse, header, streamResponse } from "../http.ts";
import { etagOf } from "../metadata/record.ts";
import type { Records } from "../metadata/records.ts";
import type { StoredRecord } from "../metadata/store.ts";
import type { View } from "./view.ts";

/** Milliseconds between signs of life: below the idle time of usual proxies, and how often a session is looked at again. */
const heartbeat = 15_000;

/** What a stream of events is about. */
export interface Subject {
  readonly records: Pick<Records, "read" | "listen">;
  readonly userId: string;
  /** Whether the session would not pass the guard any more. */
  readonly hasEnded: () => Promise<boolean>;
  /** Milliseconds since 1970 at which the session ends. */
  readonly end: number;
  readonly view: View;
}

/**
 * Answers with Server-Sent Events (HTML standard, section 9.2): the record as it is, unless `Last-Event-ID` says that the
 * client has it, and again whenever it has changed. An event's id is its ETag. A state is sent, not each change that led
 * to it, so that a client which comes back has missed nothing. Ends with the session.
 */
export async function streamRecord(request: HttpRequest, subject: Subject): Promise<HttpResponse> {
  await subject.records.read(subject.userId); // a store that is down is an answer, not an empty stream
  return streamResponse("text/event-stream", states(request, subject));
}

async function* states(request: HttpRequest, subject: Subject): AsyncGenerator<string, void, undefined> {
  const { records, userId, hasEnded, end, view } = subject;
  const { signal } = request;
  let known = header(request, "last-event-id");
  const bell = createBell(signal);
  const stop = records.listen(userId, bell.ring);
  async function latest(): Promise<StoredRecord | undefined> {
    try {
      return await records.read(userId);
    } catch {
      return undefined; // a store that is away comes back
    }
  }

  try {
    yield ": open\n\n"; // proxies and clients see that the stream is there
    while (!signal?.aborted && Date.now() < end) {
      const record = await latest();
      const etag = record && etagOf(record, view.seen);
      if (record !== undefined && etag !== known) {
        known = etag;
        yield toEvent(record, view);
      }
      if (await bell.heard(Math.min(heartbeat, end - Date.now()))) continue;
      if (signal?.aborted || (await hasEnded())) return;
      yield ":\n\n";
    }
  } finally {
    stop();
  }
}

function toEvent(record: StoredRecord, { seen, toText }: View): string {
  return `event: metadata\nid: ${etagOf(record, seen)}\ndata: ${toText(record)}\n\n`;
}

/** Something to wait for that is heard even if it rang before. */
interface Bell {
  readonly ring: () => void;
  /** Whether it rang: at once when it has, else within so many milliseconds, or until the signal is aborted. */
  readonly heard: (ms: number) => Promise<boolean>;
}

function createBell(signal: AbortSignal | undefined): Bell {
  let hasRung = false;
  let wake = (): void => undefined;
  signal?.addEventListener("abort", () => wake(), { once: true });
  return {
    ring: () => {
      hasRung = true;
      wake();
    },
    heard: async (ms) => {
      if (!hasRung && !signal?.aborted) {
        let timer: ReturnType<typeof setTimeout> | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, ms);
        });
        clearTimeout(timer);
      }
      const heard = hasRung;
      hasRung = false;
      return heard;
    },
  };
}
