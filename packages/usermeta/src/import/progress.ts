import { SingleBar } from "cli-progress";
import type { Position } from "./checkpoint.ts";
import type { Source } from "./entry.ts";

/** Tells how far an import is. */
export interface Progress {
  update(position: Position): void;
  stop(): void;
}

/** Milliseconds between plain lines. */
const interval = 5_000;

/** A bar with rate and time left on a terminal; elsewhere a plain line every five seconds. Standard error, never output. */
export function showProgress(source: Source, stream: NodeJS.WriteStream = process.stderr): Progress {
  const meter = createMeter(source);
  if (!stream.isTTY) {
    let toldAt = performance.now();
    return {
      update(position) {
        if (performance.now() - toldAt < interval) return;
        toldAt = performance.now();
        stream.write(`${describe(meter(position))}\n`);
      },
      stop: () => {},
    };
  }
  const bar = new SingleBar({
    stream,
    format: "{bar} {text}",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    barCompleteChar: "█",
    barIncompleteChar: "░",
  });
  bar.start(1000, 0, { text: "" });
  return {
    update(position) {
      const reading = meter(position);
      bar.update(Math.floor((reading.share ?? 0) * 1000), { text: describe(reading) });
    },
    stop: () => bar.stop(),
  };
}

interface Reading {
  readonly row: number;
  /** Rows a second, of this process. */
  readonly rate: number;
  readonly share: number | undefined;
  /** Seconds. */
  readonly left: number | undefined;
}

/** Measures from the first batch on: the rows of an earlier run took no time of ours. */
function createMeter(source: Source): (position: Position) => Reading {
  let start: { readonly at: number; readonly row: number; readonly share: number } | undefined;
  return ({ row }) => {
    const share = source.progress();
    start ??= { at: performance.now(), row, share: share ?? 0 };
    const seconds = (performance.now() - start.at) / 1000;
    const done = (share ?? 0) - start.share;
    return {
      row,
      rate: seconds > 0 ? (row - start.row) / seconds : 0,
      share,
      left: share === undefined || done === 0 ? undefined : (seconds / done) * (1 - share),
    };
  };
}

const count = new Intl.NumberFormat("en");

function describe({ row, rate, share, left }: Reading): string {
  const parts = [`${count.format(row)} rows`];
  if (share !== undefined) parts.unshift(`${Math.floor(share * 100)} %`);
  if (rate > 0) parts.push(`${count.format(Math.round(rate))} a second`);
  if (left !== undefined && left > 0) parts.push(`${duration(left)} left`);
  return parts.join(", ");
}

/** `"45 s"`, `"2 min 5 s"`, `"1 h 2 min"`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
