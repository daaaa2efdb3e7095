import type { Settings } from "./settings.ts";

/** Says what is going on, on stderr. */
export type Report = (text: string) => void;

/** One part of the benchmark: yields its results as Markdown, each as soon as it is there. */
export type Part = (settings: Settings, report: Report) => AsyncIterable<string>;
